"""Loss of the event's start and end."""

import torch
from torch import Tensor, nn

from mmstvg.models.heads.stvg_targets import STVGTargets
from mmstvg.registry import MODELS

from .per_video import mean_over_frames

EPS = 1e-6


@MODELS.register_module()
class SpanLoss(nn.Module):
    """Divergence of the start and end distributions from Gaussians at the true start and end.

    Mean over frames of `p log((p + 1e-6) / q)`, for the start plus for the end; `p` is the softmax over valid frames,
    `q` a Gaussian plus 1e-6, normalised to sum 1 over valid frames.

    Args:
        weight: Factor of the loss: 10 for HC-STVG, 1 for VidSTG.
        sigma: Standard deviation of the Gaussian, in sampled frames.
    """

    def __init__(self, weight: float = 10.0, sigma: float = 2.0):
        super().__init__()
        self.weight = weight
        self.sigma = sigma

    def forward(self, outputs: dict[str, Tensor], targets: STVGTargets) -> Tensor:
        """Loss of each stage and video, `(K, B)`."""
        padded = targets.frame_mask[..., None]  # B T 1
        predicted = outputs['span_logits'].masked_fill(padded, -torch.inf).softmax(dim=2)  # K B T 2
        frames = torch.arange(padded.shape[1], device=padded.device)[:, None]  # T 1
        distance = (frames - targets.span[:, None]).to(predicted.dtype)  # B T 2
        true = (-(distance**2) / (2 * self.sigma**2)).exp() + EPS
        true = true / true.masked_fill(padded, 0).sum(dim=1, keepdim=True)
        divergence = predicted * ((predicted + EPS) / true).log()
        return self.weight * mean_over_frames(divergence.sum(dim=-1), targets.frame_mask)
