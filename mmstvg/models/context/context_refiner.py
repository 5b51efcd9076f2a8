"""ICR: which frames' features may guide the next stage."""

from torch import Tensor, nn

from mmstvg.models.heads.stvg_targets import STVGTargets
from mmstvg.models.layers import TopMLP, box_overlap, init_xavier
from mmstvg.registry import MODELS


@MODELS.register_module()
class ContextRefiner(nn.Module):
    """Instance context refinement (paper, 3.3): confidence of the pooled features, and the frames that it lets through.

    In training the frames of the event are kept whose box has a GIoU above `theta_gt` with the ground truth. In
    inference those with a confidence above `theta_s` and an actioness logit (not its sigmoid) above `theta_t`.

    Args:
        embed_dims: Channels `D`.
        with_motion: Whether there are motion features, besides those of appearance.
        theta_t: Threshold of the actioness logit; None asks nothing of it.
        theta_s: Threshold of the confidence, which lies in [0, 2] ([0, 1] without motion); with None there is no
            confidence at all.
        theta_gt: Threshold of the GIoU in training; None keeps all frames of the event that have a box.
        dropout: Dropout behind each layer of the confidence heads.

    Attributes:
        has_confidence: Whether there is a confidence.
    """

    def __init__(
        self,
        embed_dims: int = 256,
        with_motion: bool = True,
        theta_t: float | None = 0.5,
        theta_s: float | None = 0.8,
        theta_gt: float | None = 0.8,
        dropout: float = 0.3,
    ):
        super().__init__()
        self.theta_t = theta_t
        self.theta_s = theta_s
        self.theta_gt = theta_gt
        self.embed_dims = embed_dims
        self.with_motion = with_motion
        self.has_confidence = theta_s is not None
        if self.has_confidence:
            self.appearance_mlp = TopMLP((embed_dims, embed_dims, 1), dropout)
            self.motion_mlp = TopMLP((embed_dims, embed_dims, 1), dropout) if with_motion else None
        init_xavier(self)

    def confidence(self, pooled: list[Tensor]) -> Tensor | None:
        """How sure the features are to show the instance: `(B, T, D)` of each kind to `(B, T)`, a sum of sigmoids."""
        if not self.has_confidence:
            return None
        confidence = self.appearance_mlp(pooled[0]).squeeze(-1).sigmoid()
        if self.motion_mlp is not None:
            confidence = confidence + self.motion_mlp(pooled[1]).squeeze(-1).sigmoid()
        return confidence

    def forward(
        self,
        confidence: Tensor | None,
        actioness_logits: Tensor,
        boxes: Tensor,
        frame_mask: Tensor,
        targets: STVGTargets | None,
    ) -> Tensor:
        """Choose the frames.

        Args:
            confidence: `(B, T)`, if there is one.
            actioness_logits: `(B, T)`, of the last temporal layer.
            boxes: `(B, T, 4)`, `cxcywh` in [0, 1].
            frame_mask: Bool `(B, T)`, True where padded.
            targets: Ground truth to choose by; None chooses by the model's own scores.

        Returns:
            Bool `(B, T)`, True for the frames that become context.
        """
        if targets is not None:
            if self.theta_gt is None:
                return targets.has_box
            return targets.has_box & (box_overlap(boxes, targets.boxes, mode='giou') > self.theta_gt)
        chosen = ~frame_mask
        if confidence is not None:
            chosen = chosen & (confidence > self.theta_s)
        if self.theta_t is not None:
            chosen = chosen & (actioness_logits > self.theta_t)
        return chosen
