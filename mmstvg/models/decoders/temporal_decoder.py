"""When: one query a frame, refined over all frames."""

import torch
from torch import Tensor, nn

from mmstvg.models.encoders import EncodedClips
from mmstvg.models.layers import FeedForward, FrameAttention, MultiHeadAttention, frame_position, init_xavier
from mmstvg.registry import MODELS


class TemporalDecoderLayer(nn.Module):
    """Self-attention over the frames, cross-attention of each frame to its own tokens, feed-forward; post-norm."""

    def __init__(self, embed_dims: int, num_heads: int, hidden_dims: int, dropout: float):
        super().__init__()
        self.self_attn = MultiHeadAttention(embed_dims, num_heads, dropout)
        self.self_norm = nn.LayerNorm(embed_dims)
        self.cross_attn = FrameAttention(embed_dims, num_heads, dropout)
        self.cross_norm = nn.LayerNorm(embed_dims)
        self.dropout = nn.Dropout(dropout)
        self.ffn = FeedForward(embed_dims, hidden_dims, dropout)

    def forward(self, query: Tensor, position: Tensor, encoded: EncodedClips, located_memory: Tensor) -> Tensor:
        """Queries `(B, T, D)` to queries; `located_memory` `(B, T, S, D)` is the memory with its position."""
        located = query + position
        query = self.self_norm(query + self.dropout(self.self_attn(located, located, query, encoded.frame_mask)))
        seen = self.cross_attn(query, located_memory, encoded.memory, encoded.token_mask)  # B T D
        query = self.cross_norm(query + self.dropout(seen))
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
        start_std: Standard deviation of what the first self-attention starts from. With 0, as published, the first
            LayerNorm gets zeros, whose gradient is large; training from random weights is steadier with 1.
    """

    def __init__(
        self,
        embed_dims: int = 256,
        num_layers: int = 6,
        num_heads: int = 8,
        hidden_dims: int = 2048,
        dropout: float = 0.1,
        start_std: float = 0.0,
    ):
        super().__init__()
        self.embed_dims = embed_dims
        self.layers = nn.ModuleList(
            TemporalDecoderLayer(embed_dims, num_heads, hidden_dims, dropout) for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(embed_dims)
        init_xavier(self)
        nn.init.normal_(self.layers[0].self_attn.out_proj.bias, std=start_std)

    def forward(self, encoded: EncodedClips) -> Tensor:
        """Queries after each layer, `(K, B, T, D)`, all through one shared LayerNorm."""
        batch, num_frames, _, dims = encoded.memory.shape
        position = frame_position(num_frames, dims, encoded.memory.device)  # T D
        located_memory = encoded.memory + encoded.position[:, None]  # B T S D
        query = encoded.memory.new_zeros(batch, num_frames, dims)
        outputs = []
        for layer in self.layers:
            query = layer(query, position, encoded, located_memory)
            outputs.append(self.norm(query))
        return torch.stack(outputs)
