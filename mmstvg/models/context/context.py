"""The context that one stage of the spatial decoder gives to the next."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Context:
    """Instance context of a batch of videos after one stage.

    Args:
        tokens: `(B, C, D)`, the features that every frame of a video attends to in the next stage.
        token_mask: Bool `(B, C)`, True for tokens that are left out.
        frames: Bool `(B, T)`, the frames whose features became context.
        confidence: `(B, T)`, in [0, 2] ([0, 1] without a motion network); None where nothing gives one.
    """

    tokens: Tensor
    token_mask: Tensor
    frames: Tensor
    confidence: Tensor | None
