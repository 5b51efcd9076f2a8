"""When: one query a frame, refined over all frames."""

import torch
from torch import Tensor, nn

from mmstvg.models.encoders import EncodedClips
from mmstvg.models.layers import FeedForward, MultiHeadAttention, frame_position, init_xavier
from mmstvg.registry import MODELS


class TemporalDecoderLayer(nn.Module):
    """Self-attention over the frames, cross-attention of each frame to its own tokens, feed-forward; post-norm."""

    def __init__(self, embed_dims: int, num_heads: int, hidden_dims: int, dropout: float):
        super().__init__()
        self.self_attn = MultiHeadAttention(embed_dims, num_heads, dropout)
        self.self_norm = nn.LayerNorm(embed_dims)
        self.cross_attn = MultiHeadAttention(embed_dims, num_heads, dropout)
        self.cross_norm = nn.LayerNorm(embed_dims)
        self.dropout = nn.Dropout(dropout)
        self.ffn = FeedForward(embed_dims, hidden_dims, dropout)

    def forward(
        self,
        query: Tensor,
        position: Tensor,
        frame_mask: Tensor,
        memory: Tensor,
        located_memory: Tensor,
        token_mask: Tensor | None,
    ) -> Tensor:
        """Queries `(B, T, D)` to queries; `memory` and `located_memory` are `(BT, S, D)`, `token_mask` is `(BT, S)`."""
        located = query + position
        query = self.self_norm(query + self.dropout(self.self_attn(located, located, query, frame_mask)))
        seen = self.cross_attn(query.flatten(0, 1)[:, None], located_memory, memory, token_mask)  # BT 1 D
        query = self.cross_norm(query + self.dropout(seen.view_as(query)))
        return self.ffn(query)


@MODELS.register_module()
class TemporalDecoder(nn.Module):
    """The temporal stack of the decoder (paper, 3.2).

    Args:
        embed_dims: Channels `D`.
        num_layers: Number of layers, the stages `K`.
        num_heads: Heads of each layer.
        hidden_dims: Channels inside the feed-forward parts.
        dropout: Dropout of attention weights, branches and feed-forward parts.
    """

    def __init__(
        self,
        embed_dims: int = 256,
        num_layers: int = 6,
        num_heads: int = 8,
        hidden_dims: int = 2048,
        dropout: float = 0.1,
    ):
        super().__init__()
        self.layers = nn.ModuleList(
            TemporalDecoderLayer(embed_dims, num_heads, hidden_dims, dropout) for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(embed_dims)
        init_xavier(self)

    def forward(self, encoded: EncodedClips) -> Tensor:
        """Queries after each layer, `(K, B, T, D)`, all through one shared LayerNorm."""
        batch, num_frames, _, dims = encoded.memory.shape
        position = frame_position(num_frames, dims, encoded.memory.device)  # T D
        memory = encoded.memory.flatten(0, 1)  # BT S D
        located_memory = (encoded.memory + encoded.position[:, None]).flatten(0, 1)
        token_mask = encoded.token_mask
        if token_mask is not None:
            token_mask = token_mask[:, None].expand(-1, num_frames, -1).flatten(0, 1)  # BT S
        query = encoded.memory.new_zeros(batch, num_frames, dims)
        outputs = []
        for layer in self.layers:
            query = layer(query, position, encoded.frame_mask, memory, located_memory, token_mask)
            outputs.append(self.norm(query))
        return torch.stack(outputs)
