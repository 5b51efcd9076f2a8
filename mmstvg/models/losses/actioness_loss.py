"""Loss of frames inside and outside the event."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmstvg.models.heads.stvg_targets import STVGTargets
from mmstvg.registry import MODELS

from .per_video import mean_over_frames


@MODELS.register_module()
class ActionessLoss(nn.Module):
    """Mean over frames of the binary cross-entropy of the actioness logits.

    Args:
        weight: Factor of the loss.
        outside_weight: Weight of frames outside the event; those inside have 1.
    """

    def __init__(self, weight: float = 2.0, outside_weight: float = 0.3):
        super().__init__()
        self.weight = weight
        self.outside_weight = outside_weight

    def forward(self, outputs: dict[str, Tensor], targets: STVGTargets) -> Tensor:
        """Loss of each stage and video, `(K, B)`."""
        logits = outputs['actioness_logits']  # K B T
        inside = targets.inside.to(logits.dtype).expand_as(logits)
        frame_weight = torch.where(targets.inside, 1.0, self.outside_weight)
        entropy = F.binary_cross_entropy_with_logits(logits, inside, reduction='none') * frame_weight
        return self.weight * mean_over_frames(entropy, targets.frame_mask)
