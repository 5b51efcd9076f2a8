"""ICG: features of the instance, pooled inside one box a frame."""

import torch
from torch import Tensor, nn

from mmstvg.models.encoders import EncodedClips
from mmstvg.models.layers import MLP, cells_in_boxes, init_xavier
from mmstvg.registry import MODELS


@MODELS.register_module()
class ContextGenerator(nn.Module):
    """Instance context generation (paper, 3.3): pools each frame's tokens inside its box.

    Args:
        embed_dims: Channels `D`.
        with_motion: Whether there are motion tokens to pool, besides those of appearance.
    """

    def __init__(self, embed_dims: int = 256, with_motion: bool = True):
        super().__init__()
        self.embed_dims = embed_dims
        self.with_motion = with_motion
        self.appearance_mlp = MLP((embed_dims, embed_dims, embed_dims))
        self.motion_mlp = MLP((embed_dims, embed_dims, embed_dims)) if with_motion else None
        init_xavier(self)

    def forward(self, boxes: Tensor, encoded: EncodedClips) -> list[Tensor]:
        """Pool the tokens inside the boxes.

        Args:
            boxes: `(B, T, 4)`, `cxcywh` in [0, 1], without a graph.
            encoded: The fused clips.

        Returns:
            One `(B, T, D)` for appearance and, with motion, one for motion.

        Raises:
            ValueError: There is no motion network.
        """
        if self.with_motion and not encoded.motion.shape[2]:
            raise ValueError(
                'The context pools motion tokens, but the model has no motion network. Set with_motion=False in '
                'head.context.generator and head.context.refiner, or give it a motion_backbone.'
            )
        cells = cells_in_boxes(boxes, encoded.valid_size, encoded.map_size).to(encoded.memory.dtype)  # B T hw
        maps = [encoded.appearance] if self.motion_mlp is None else [encoded.appearance, encoded.motion]
        return [(cells[:, :, None] @ tokens).squeeze(2) for tokens in maps]  # B T 1 hw @ B T hw D

    def tokens(self, pooled: list[Tensor]) -> Tensor:
        """Context tokens `(B, C, D)` of the pooled features: appearance of all frames, then motion of all."""
        mlps = [self.appearance_mlp] if self.motion_mlp is None else [self.appearance_mlp, self.motion_mlp]
        return torch.cat([mlp(features) for mlp, features in zip(mlps, pooled, strict=True)], dim=1)
