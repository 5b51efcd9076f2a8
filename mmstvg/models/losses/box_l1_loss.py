"""L1 loss of the boxes."""

from torch import Tensor, nn

from mmstvg.models.heads.stvg_targets import STVGTargets
from mmstvg.registry import MODELS

from .per_video import check_normalizer, sum_over_boxes


@MODELS.register_module()
class BoxL1Loss(nn.Module):
    """Sum over the event's frames of |Δ| of the four normalised coordinates, over the number of boxes.

    Args:
        weight: Factor of the loss.
        normalizer: What counts as the number of boxes, `'video'` or `'processes'`; see `sum_over_boxes`.
    """

    def __init__(self, weight: float = 5.0, normalizer: str = 'video'):
        super().__init__()
        self.weight = weight
        self.normalizer = check_normalizer(normalizer)

    def forward(self, outputs: dict[str, Tensor], targets: STVGTargets) -> Tensor:
        """Loss of each stage and video, `(K, B)`."""
        distance = (outputs['pred_boxes'] - targets.boxes).abs().sum(dim=-1)  # K B T
        return self.weight * sum_over_boxes(distance, targets.has_box, self.normalizer)
