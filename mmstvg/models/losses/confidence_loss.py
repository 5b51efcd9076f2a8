"""Loss of the confidence of the boxes."""

import torch.nn.functional as F
from torch import Tensor, nn

from mmstvg.models.heads.stvg_targets import STVGTargets
from mmstvg.models.layers import box_overlap
from mmstvg.registry import MODELS

from .per_video import sum_over_boxes


@MODELS.register_module()
class ConfidenceLoss(nn.Module):
    """Mean over the event's frames of the distance between confidence and IoU of the stage's box with the ground truth.

    The published system gives the confidence, a sum of two sigmoids, to the cross-entropy as a logit; so does `'bce'`.
    Gradient flows through the IoU into the boxes.

    Args:
        weight: Factor of the loss.
        kind: `'bce'`, or `'smooth_l1'`, which the reference holds in a comment for VidSTG.

    Raises:
        ValueError: `kind` is neither.
    """

    def __init__(self, weight: float = 1.0, kind: str = 'bce'):
        super().__init__()
        if kind not in ('bce', 'smooth_l1'):
            raise ValueError(f"kind is 'bce' or 'smooth_l1', got {kind!r}.")
        self.weight = weight
        self.kind = kind

    def forward(self, outputs: dict[str, Tensor], targets: STVGTargets) -> Tensor:
        """Loss of each stage and video, `(K, B)`."""
        overlap = box_overlap(outputs['pred_boxes'], targets.boxes)  # K B T
        distance = F.binary_cross_entropy_with_logits if self.kind == 'bce' else F.smooth_l1_loss
        values = distance(outputs['box_conf'], overlap, reduction='none')
        return self.weight * sum_over_boxes(values, targets.has_box, 'video')
