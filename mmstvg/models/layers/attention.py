"""Multi-head attention, always fused."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    num_heads: int,
    key_padding_mask: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Scaled dot-product attention of already projected tokens.

    Args:
        query: `(N, Q, E)`; each head sees `E / num_heads` neighbouring channels.
        key: `(N, K, E)`.
        value: `(N, K, V)`; `V` may differ from `E`.
        num_heads: Number of heads; divides `E` and `V`.
        key_padding_mask: Bool `(N, K)`, True where padded. A row must not be all True.
        dropout: Probability of dropping an attention weight; the caller passes 0 outside training.

    Returns:
        `(N, Q, V)`.
    """
    query, key, value = (x.unflatten(-1, (num_heads, -1)).transpose(1, 2) for x in (query, key, value))  # N heads * d
    seen = None if key_padding_mask is None else ~key_padding_mask[:, None, None, :]
    out = F.scaled_dot_product_attention(query, key, value, attn_mask=seen, dropout_p=dropout)
    return out.transpose(1, 2).flatten(2)


class MultiHeadAttention(nn.Module):
    """Multi-head attention with the parameters of `torch.nn.MultiheadAttention`, batch first, never an attention map.

    Args:
        embed_dims: Channels of query, key and value.
        num_heads: Number of heads.
        dropout: Dropout of the attention weights in training.

    Raises:
        ValueError: `num_heads` does not divide `embed_dims`.
    """

    def __init__(self, embed_dims: int, num_heads: int, dropout: float = 0.0):
        super().__init__()
        if embed_dims % num_heads:
            raise ValueError(f'num_heads must divide embed_dims, got {num_heads} and {embed_dims}.')
        self.num_heads = num_heads
        self.dropout = dropout
        self.in_proj_weight = nn.Parameter(torch.empty(3 * embed_dims, embed_dims))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * embed_dims))
        self.out_proj = nn.Linear(embed_dims, embed_dims)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Tensor | None = None) -> Tensor:
        """Attend from `query` `(N, Q, D)` to `key` and `value` `(N, K, D)`; the mask `(N, K)` is True where padded."""
        dims = query.shape[-1]
        if query is key:  # self-attention with a position: one product for both
            weight, bias = self.in_proj_weight[: 2 * dims], self.in_proj_bias[: 2 * dims]
            q, k = F.linear(query, weight, bias).chunk(2, dim=-1)
        else:
            q = F.linear(query, self.in_proj_weight[:dims], self.in_proj_bias[:dims])
            k = F.linear(key, self.in_proj_weight[dims : 2 * dims], self.in_proj_bias[dims : 2 * dims])
        v = F.linear(value, self.in_proj_weight[2 * dims :], self.in_proj_bias[2 * dims :])
        dropout = self.dropout if self.training else 0.0
        return self.out_proj(attend(q, k, v, self.num_heads, key_padding_mask, dropout))
