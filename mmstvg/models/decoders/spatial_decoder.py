"""Where: one box a frame, refined stage by stage, with the context of the stage before."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mmstvg.models.context import Context
from mmstvg.models.encoders import EncodedClips
from mmstvg.models.layers import MLP, TopMLP, box_position, frame_position, init_xavier
from mmstvg.registry import MODELS

from .spatial_decoder_layer import SpatialDecoderLayer


class SpatialStages(NamedTuple):
    """What the spatial stack answers: boxes `(K, B, T, 4)` `cxcywh` in [0, 1], and the context of each stage."""

    boxes: Tensor
    contexts: list[Context]


class AnchorHead(nn.Sequential):
    """First anchor of each frame from its summary, `(…, D)` to `(…, 4)` before the sigmoid."""

    def __init__(self, embed_dims: int, dropout: float):
        super().__init__(
            nn.LayerNorm(embed_dims, eps=1e-12),
            nn.Dropout(dropout),
            nn.Linear(embed_dims, 4),
            nn.ReLU(),
            nn.LayerNorm(4, eps=1e-12),
        )


@MODELS.register_module()
class SpatialDecoder(nn.Module):
    """The spatial stack of the decoder (paper, 3.2 and 3.3), conditional on anchors in the manner of DAB-DETR.

    Args:
        embed_dims: Channels `D`.
        num_layers: Number of stages `K`.
        num_heads: Heads of each attention.
        hidden_dims: Channels inside the feed-forward parts.
        dropout: Dropout of attention weights, branches and feed-forward parts.
        with_context: Whether the stages from the second on have a cross-attention to the context. The grounder's head
            sets it from whether it has a context at all.
    """

    def __init__(
        self,
        embed_dims: int = 256,
        num_layers: int = 6,
        num_heads: int = 8,
        hidden_dims: int = 2048,
        dropout: float = 0.1,
        with_context: bool = True,
    ):
        super().__init__()
        self.embed_dims = embed_dims
        self.anchor_head = AnchorHead(embed_dims, dropout)
        self.query_pos = MLP((2 * embed_dims, embed_dims, embed_dims))
        self.query_scale = MLP((embed_dims, embed_dims, embed_dims))
        self.layers = nn.ModuleList(
            SpatialDecoderLayer(embed_dims, num_heads, hidden_dims, dropout, k == 0, with_context and k > 0)
            for k in range(num_layers)
        )
        init_xavier(self)
        self.box_head = TopMLP((embed_dims, embed_dims, embed_dims, 4))  # keeps PyTorch's initialisation

    def forward(self, encoded: EncodedClips, find_context: Callable[[Tensor], Context] | None) -> SpatialStages:
        """Boxes of all stages.

        Args:
            encoded: The fused clips.
            find_context: Gives the context of a stage from its detached boxes `(B, T, 4)`; None for the baseline.
        """
        batch, num_frames, _, dims = encoded.memory.shape
        time = frame_position(num_frames, dims, encoded.memory.device)  # T D
        query = encoded.memory.new_zeros(batch, num_frames, dims)
        anchor = self.anchor_head(encoded.frame_summary).float().sigmoid()  # B T 4, not detached: its layers train
        context = None
        boxes, contexts = [], []
        for k, layer in enumerate(self.layers):
            sine = box_position(anchor, dims).to(query.dtype)  # B T 2D
            query_sine = sine[..., :dims] if k == 0 else sine[..., :dims] * self.query_scale(query)
            query = layer(query, self.query_pos(sine), query_sine, time, encoded, context)
            boxes.append(self.box_head(query).sigmoid())
            anchor = boxes[-1].detach()
            if find_context is not None:
                context = find_context(anchor)
                contexts.append(context)
        return SpatialStages(torch.stack(boxes), contexts)
