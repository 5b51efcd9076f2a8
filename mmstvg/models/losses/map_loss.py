"""Loss of the cells that lie inside the true box."""

import torch.nn.functional as F
from torch import Tensor, nn

from mmstvg.models.heads.stvg_targets import STVGTargets
from mmstvg.registry import MODELS

from .per_video import sum_over_boxes


@MODELS.register_module()
class MapLoss(nn.Module):
    """Binary cross-entropy of the appearance tokens: does the cell touch the true box?

    Summed over the cells, divided by the number of those that do; mean over the event's frames. Not in the published
    system, which starts from a pretrained encoder. From random weights the boxes alone say too little about which token
    shows the one that the sentence means.

    Args:
        weight: Factor of the loss.
    """

    def __init__(self, weight: float = 1.0):
        super().__init__()
        self.weight = weight

    def forward(self, outputs: dict[str, Tensor], targets: STVGTargets) -> Tensor:
        """Loss of each video, `(1, B)`: the encoder has one stage."""
        inside = outputs['map_inside']  # B T hw
        entropy = F.binary_cross_entropy_with_logits(outputs['map_logits'], inside, reduction='none').sum(dim=-1)
        values = (entropy / inside.sum(dim=-1).clamp(min=1))[None]  # 1 B T
        return self.weight * sum_over_boxes(values, targets.has_box, 'video')
