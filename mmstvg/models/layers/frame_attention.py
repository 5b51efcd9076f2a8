"""Attention of one query a frame to the frame's own tokens, without projecting the tokens.

A key is a projection of a token, `k = W m + b`, and every frame has a single query. So `q·k = (Wᵀq)·m + q·b`: the query
is carried back to the tokens once, instead of every token to a key; likewise the values are projected after the tokens
are averaged, not before. The result is the same, for a small part of the products (8 heads against 256 channels) and
without keys and values to keep for the backward pass.
"""

import torch
from torch import Tensor, nn


def frame_logits(query: Tensor, tokens: Tensor, weight: Tensor, bias: Tensor, num_heads: int) -> Tensor:
    """Products of each frame's query with projected tokens, `q·(W m + b)` for each head.

    Args:
        query: Projected queries `(B, T, D)`.
        tokens: Unprojected tokens of each frame `(B, T, S, C)`, or `(B, 1, S, C)` where all frames share them.
        weight: Projection of the tokens, `(D, C)`.
        bias: Its bias, `(D,)`.
        num_heads: Number of heads.

    Returns:
        `(B, T, heads, S)`.
    """
    heads = query.unflatten(-1, (num_heads, -1))  # B T heads d
    carried = torch.einsum('bthd,hdc->bthc', heads, weight.unflatten(0, (num_heads, -1)))
    constant = (heads * bias.unflatten(0, (num_heads, -1))).sum(dim=-1, keepdim=True)  # B T heads 1
    return carried @ tokens.transpose(-1, -2) + constant


def frame_attend(
    logits: Tensor, tokens: Tensor, weight: Tensor, bias: Tensor, token_mask: Tensor | None, dropout: float
) -> Tensor:
    """Average projected tokens, `W m + b`, by the softmax of `logits`.

    Args:
        logits: Scaled, `(B, T, heads, S)`.
        tokens: Unprojected tokens `(B, T, S, C)`.
        weight: Projection of the tokens, `(D, C)`.
        bias: Its bias, `(D,)`.
        token_mask: Bool `(B, S)`, True where padded.
        dropout: Probability of dropping an attention weight; the caller passes 0 outside training.

    Returns:
        `(B, T, D)`.
    """
    num_heads = logits.shape[2]
    if token_mask is not None:
        logits = logits.masked_fill(token_mask[:, None, None, :], -torch.inf)
    share = nn.functional.dropout(logits.softmax(dim=-1), dropout).to(tokens.dtype)  # B T heads S
    pooled = share @ tokens  # B T heads C
    out = torch.einsum('bthc,hdc->bthd', pooled, weight.unflatten(0, (num_heads, -1)))
    return (out + bias.unflatten(0, (num_heads, -1)) * share.sum(dim=-1, keepdim=True)).flatten(2)


class FrameAttention(nn.Module):
    """Multi-head attention of each frame's query to the frame's tokens; parameters as in `torch.nn.MultiheadAttention`.

    Args:
        embed_dims: Channels of queries and tokens.
        num_heads: Number of heads.
        dropout: Dropout of the attention weights in training.
    """

    def __init__(self, embed_dims: int, num_heads: int, dropout: float = 0.0):
        super().__init__()
        self.num_heads = num_heads
        self.dropout = dropout
        self.in_proj_weight = nn.Parameter(torch.empty(3 * embed_dims, embed_dims))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * embed_dims))
        self.out_proj = nn.Linear(embed_dims, embed_dims)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, query: Tensor, keys: Tensor, values: Tensor, token_mask: Tensor | None = None) -> Tensor:
        """Queries `(B, T, D)`, unprojected `keys` and `values` `(B, T, S, D)`, mask `(B, S)` to `(B, T, D)`."""
        w_query, w_key, w_value = self.in_proj_weight.chunk(3)
        b_query, b_key, b_value = self.in_proj_bias.chunk(3)
        query = nn.functional.linear(query, w_query, b_query) * (query.shape[-1] // self.num_heads) ** -0.5
        logits = frame_logits(query, keys, w_key, b_key, self.num_heads)
        dropout = self.dropout if self.training else 0.0
        return self.out_proj(frame_attend(logits, values, w_value, b_value, token_mask, dropout))
