"""GIoU loss of the boxes."""

from torch import Tensor, nn

from mmstvg.models.heads.stvg_targets import STVGTargets
from mmstvg.models.layers import box_overlap
from mmstvg.registry import MODELS

from .per_video import check_normalizer, sum_over_boxes


@MODELS.register_module()
class BoxGIoULoss(nn.Module):
    """Sum over the event's frames of 1 - GIoU, over the number of boxes.

    Args:
        weight: Factor of the loss: 4 for HC-STVG, 3 for VidSTG.
        normalizer: What counts as the number of boxes, `'video'` or `'processes'`; see `sum_over_boxes`.
    """

    def __init__(self, weight: float = 4.0, normalizer: str = 'video'):
        super().__init__()
        self.weight = weight
        self.normalizer = check_normalizer(normalizer)

    def forward(self, outputs: dict[str, Tensor], targets: STVGTargets) -> Tensor:
        """Loss of each stage and video, `(K, B)`."""
        giou = box_overlap(outputs['pred_boxes'], targets.boxes, mode='giou')  # K B T
        return self.weight * sum_over_boxes(1 - giou, targets.has_box, self.normalizer)
