"""One stage of the spatial decoder."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmstvg.models.context import Context
from mmstvg.models.encoders import EncodedClips
from mmstvg.models.layers import FeedForward, MultiHeadAttention, attend, frame_attend, frame_logits


class ConditionalSelfAttention(nn.Module):
    """Self-attention over the frames; query and key are sums of three projections: content, frame index, anchor."""

    def __init__(self, embed_dims: int, num_heads: int, dropout: float):
        super().__init__()
        self.query_content = nn.Linear(embed_dims, embed_dims)
        self.query_time = nn.Linear(embed_dims, embed_dims)
        self.query_pos = nn.Linear(embed_dims, embed_dims)
        self.key_content = nn.Linear(embed_dims, embed_dims)
        self.key_time = nn.Linear(embed_dims, embed_dims)
        self.key_pos = nn.Linear(embed_dims, embed_dims)
        self.value = nn.Linear(embed_dims, embed_dims)
        self.attn = MultiHeadAttention(embed_dims, num_heads, dropout)

    def forward(self, query: Tensor, query_pos: Tensor, time: Tensor, frame_mask: Tensor) -> Tensor:
        """`query`, `query_pos` `(B, T, D)`, `time` `(T, D)`, `frame_mask` `(B, T)` to `(B, T, D)`."""
        q = self.query_content(query) + self.query_time(time) + self.query_pos(query_pos)
        k = self.key_content(query) + self.key_time(time) + self.key_pos(query_pos)
        return self.attn(q, k, self.value(query), frame_mask)


class ConditionalCrossAttention(nn.Module):
    """Each frame's query looks at the frame's own tokens; content and position meet side by side in every head.

    So the logits are the sum of both products, over the square root of twice a head's width.

    The reference masks no padding here; with one video at a time there is none.
    """

    def __init__(self, embed_dims: int, num_heads: int, dropout: float, is_first: bool):
        super().__init__()
        self.num_heads = num_heads
        self.dropout = dropout
        self.query_content = nn.Linear(embed_dims, embed_dims)
        self.query_pos = nn.Linear(embed_dims, embed_dims) if is_first else None
        self.query_sine = nn.Linear(embed_dims, embed_dims)
        self.key_content = nn.Linear(embed_dims, embed_dims)
        self.key_pos = nn.Linear(embed_dims, embed_dims)
        self.value = nn.Linear(embed_dims, embed_dims)
        self.out_proj = nn.Linear(embed_dims, embed_dims)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, query: Tensor, query_pos: Tensor, query_sine: Tensor, encoded: EncodedClips) -> Tensor:
        """`query`, `query_pos`, `query_sine` `(B, T, D)` to `(B, T, D)`."""
        logits = self._logits(query, query_pos, query_sine, encoded)
        dropout = self.dropout if self.training else 0.0
        out = frame_attend(
            logits, encoded.memory, self.value.weight, self.value.bias, encoded.token_mask, dropout
        )  # B T D
        return self.out_proj(out)

    def attention(self, query: Tensor, query_pos: Tensor, query_sine: Tensor, encoded: EncodedClips) -> Tensor:
        """How much each query looks at each token: `(B, T, S)`, the mean over the heads; sums to 1 over the tokens."""
        logits = self._logits(query, query_pos, query_sine, encoded)
        if encoded.token_mask is not None:
            logits = logits.masked_fill(encoded.token_mask[:, None, None, :], -torch.inf)
        return logits.softmax(dim=-1).mean(dim=2)

    def _logits(self, query: Tensor, query_pos: Tensor, query_sine: Tensor, encoded: EncodedClips) -> Tensor:
        content, position = self.query_content(query), self.query_sine(query_sine)  # B T D
        if self.query_pos is not None:
            # The first stage has no content yet: the position joins the content of query and key.
            content = content + self.query_pos(query_pos)
            position = position + content
        scale = (2 * query.shape[-1] // self.num_heads) ** -0.5
        logits = self._products(content * scale, encoded.memory, self.key_content)
        return logits + self._products(position * scale, encoded.position[:, None], self.key_pos)  # B T heads S

    def _products(self, query: Tensor, tokens: Tensor, projection: nn.Linear) -> Tensor:
        return frame_logits(query, tokens, projection.weight, projection.bias, self.num_heads)


class ContextAttention(nn.Module):
    """Cross-attention from every frame to the context tokens of its video, in the manner of a BERT layer (paper, 3.3).

    A video without context keeps its queries as they are. The reference skips the whole part then, so that its layers
    get no gradient in that step; here they get zeros, and the graph is the same in every step.
    """

    def __init__(self, embed_dims: int, num_heads: int, dropout: float):
        super().__init__()
        self.num_heads = num_heads
        self.query = nn.Linear(embed_dims, embed_dims)
        self.key = nn.Linear(embed_dims, embed_dims)
        self.value = nn.Linear(embed_dims, embed_dims)
        self.out_proj = nn.Linear(embed_dims, embed_dims)
        self.attn_norm = nn.LayerNorm(embed_dims, eps=1e-12)
        self.linear1 = nn.Linear(embed_dims, embed_dims)
        self.linear2 = nn.Linear(embed_dims, embed_dims)
        self.ffn_norm = nn.LayerNorm(embed_dims, eps=1e-12)
        self.dropout = nn.Dropout(dropout)

    def forward(self, query: Tensor, context: Context) -> Tensor:
        """Queries `(B, T, D)` to queries `(B, T, D)`."""
        no_context = context.token_mask.all(dim=1, keepdim=True)  # B 1
        mask = context.token_mask & ~no_context  # a row that is masked throughout would give NaN
        q, k, v = self.query(query), self.key(context.tokens), self.value(context.tokens)
        dropout = self.dropout.p if self.training else 0.0
        seen = self.out_proj(attend(q, k, v, self.num_heads, mask, dropout))
        x = self.attn_norm(query + self.dropout(seen))
        hidden = self.linear2(F.gelu(self.linear1(x)))
        x = self.ffn_norm(x + self.dropout(hidden))
        return torch.where(no_context[..., None], query.to(x.dtype), x)


class SpatialDecoderLayer(nn.Module):
    """Self-attention over frames, context, cross-attention to the frame's tokens, feed-forward; post-norm.

    Args:
        embed_dims: Channels `D`.
        num_heads: Heads of each attention.
        hidden_dims: Channels inside the feed-forward part.
        dropout: Dropout of attention weights, branches and the feed-forward part.
        is_first: Whether this is stage 1, whose queries are empty and take the anchor's position as content.
        with_context: Whether the stage attends to a context.
    """

    def __init__(
        self, embed_dims: int, num_heads: int, hidden_dims: int, dropout: float, is_first: bool, with_context: bool
    ):
        super().__init__()
        self.self_attn = ConditionalSelfAttention(embed_dims, num_heads, dropout)
        self.self_norm = nn.LayerNorm(embed_dims)
        self.context_attn = ContextAttention(embed_dims, num_heads, dropout) if with_context else None
        self.cross_attn = ConditionalCrossAttention(embed_dims, num_heads, dropout, is_first)
        self.cross_norm = nn.LayerNorm(embed_dims)
        self.ffn = FeedForward(embed_dims, hidden_dims, dropout)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        query: Tensor,
        query_pos: Tensor,
        query_sine: Tensor,
        time: Tensor,
        encoded: EncodedClips,
        context: Context | None,
    ) -> Tensor:
        """One stage.

        Args:
            query: `(B, T, D)`.
            query_pos: Encoded anchor, `(B, T, D)`.
            query_sine: Sine of the anchor's centre times the query's scale, `(B, T, D)`.
            time: Position of the frame index, `(T, D)`.
            encoded: The fused clips.
            context: What the stage before found, or None.

        Returns:
            Queries `(B, T, D)`.
        """
        seen = self.self_attn(query, query_pos, time, encoded.frame_mask)
        query = self.self_norm(query + self.dropout(seen))
        if self.context_attn is not None and context is not None:
            query = self.context_attn(query, context)
        seen = self.cross_attn(query, query_pos, query_sine, encoded)
        query = self.cross_norm(query + self.dropout(seen))
        return self.ffn(query)
