"""Loss of sentences about something that is not in the clip."""

import torch.nn.functional as F
from torch import Tensor, nn

from mmstvg.registry import MODELS

from .per_video import mean_over_frames


@MODELS.register_module()
class ForeignTextLoss(nn.Module):
    """Mean over frames of the binary cross-entropy of the actioness, which should be 0 on every frame.

    Not in the published system, whose clips all show what their sentence says; its actioness only compares the frames
    of one clip. With this loss it also compares clips, as the search in a long video needs it to.

    Args:
        weight: Factor of the loss.
    """

    def __init__(self, weight: float = 1.0):
        super().__init__()
        self.weight = weight

    def forward(self, actioness_logits: Tensor, frame_mask: Tensor) -> Tensor:
        """Loss of each stage and video `(K, B)`, from logits `(K, B, T)` and the mask `(B, T)`, True where padded."""
        return self.weight * mean_over_frames(F.softplus(actioness_logits), frame_mask)
