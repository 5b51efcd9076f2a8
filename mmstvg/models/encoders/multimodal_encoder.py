"""Fuses frame and sentence, frame by frame."""

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmstvg.models.layers import FeedForward, MultiHeadAttention, init_xavier, map_position
from mmstvg.registry import MODELS

from .encoded_clips import EncodedClips


class EncoderLayer(nn.Module):
    """Post-norm self-attention and feed-forward; query and key get the position, the value does not."""

    def __init__(self, embed_dims: int, num_heads: int, hidden_dims: int, dropout: float):
        super().__init__()
        self.self_attn = MultiHeadAttention(embed_dims, num_heads, dropout)
        self.norm = nn.LayerNorm(embed_dims)
        self.dropout = nn.Dropout(dropout)
        self.ffn = FeedForward(embed_dims, hidden_dims, dropout)

    def forward(self, x: Tensor, position: Tensor, token_mask: Tensor | None) -> Tensor:
        """Tokens `(N, S, D)`, position `(N, S, D)`, mask `(N, S)` to tokens `(N, S, D)`."""
        located = x + position
        x = self.norm(x + self.dropout(self.self_attn(located, located, x, token_mask)))
        return self.ffn(x)


@MODELS.register_module()
class MultimodalEncoder(nn.Module):
    """Each frame is one sequence of appearance map, sentence and motion map; frames do not see each other (paper, 3.1).

    Both maps have the same 2-D sine position here; text tokens have none. The frame summary averages valid tokens; the
    reference, which runs one video at a time, averages all.

    Args:
        embed_dims: Channels `D`.
        num_layers: Number of layers.
        num_heads: Heads of each layer.
        hidden_dims: Channels inside the feed-forward parts.
        dropout: Dropout of attention weights, branches and feed-forward parts.
        early_fusion: Whether map tokens are first scaled by a projection of the mean of the sentence's tokens, and get
            their position added. Not in the published system, whose encoder is pretrained; from random weights the
            fusion is found in far fewer steps.
        with_cp: Recompute activations in the backward pass to save memory.
        cp_min_tokens: With `with_cp`, keep the activations of sequences shorter than this: they take little, and the
            second forward pass would cost as much as that of long ones, per token.
    """

    def __init__(
        self,
        embed_dims: int = 256,
        num_layers: int = 6,
        num_heads: int = 8,
        hidden_dims: int = 2048,
        dropout: float = 0.1,
        early_fusion: bool = False,
        with_cp: bool = False,
        cp_min_tokens: int = 0,
    ):
        super().__init__()
        self.embed_dims = embed_dims
        self.sentence_gate = nn.Linear(embed_dims, embed_dims) if early_fusion else None
        self.with_cp = with_cp
        self.cp_min_tokens = cp_min_tokens
        self.layers = nn.ModuleList(
            EncoderLayer(embed_dims, num_heads, hidden_dims, dropout) for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(embed_dims)
        init_xavier(self)

    def forward(
        self,
        appearance: Tensor,
        motion: Tensor | None,
        map_sizes: list[tuple[int, int]],
        frame_mask: Tensor,
        text: Tensor,
        text_mask: Tensor,
    ) -> EncodedClips:
        """Fuse a batch of clips with their sentences.

        Args:
            appearance: Projected maps `(B, T, D, h, w)`, zero where padded.
            motion: The same of the motion network, or None.
            map_sizes: `(h, w)` of each video's own map; the rest of the batch's map is padding.
            frame_mask: Bool `(B, T)`, True where padded.
            text: Tokens `(B, L, D)`.
            text_mask: Bool `(B, L)`, True where padded.
        """
        batch, num_frames = frame_mask.shape
        map_mask, valid_size = _map_mask(map_sizes, appearance.shape[-2:], appearance.device)
        sine = map_position(map_mask, self.embed_dims)  # B hw D
        no_position = torch.zeros_like(text)
        maps = [appearance] if motion is None else [appearance, motion]
        tokens = [x.flatten(3).transpose(2, 3) for x in maps]  # B T hw D
        if self.sentence_gate is not None:
            gate = 1 + self.sentence_gate(_masked_mean(text[:, None], text_mask))  # B 1 D
            tokens = [x * gate[:, None] + sine[:, None] for x in tokens]
        tokens.insert(1, text[:, None].expand(-1, num_frames, -1, -1).to(tokens[0].dtype))
        memory = torch.cat(tokens, dim=2)  # B T S D
        position = torch.cat([sine, no_position, sine][: len(tokens)], dim=1)  # B S D
        masks = [map_mask.flatten(1), text_mask, map_mask.flatten(1)][: len(tokens)]
        token_mask = torch.cat(masks, dim=1) if batch > 1 else None  # B S; a video alone has no padding

        memory = self._run(memory, position, token_mask)
        decoder_position = torch.cat([sine, torch.zeros_like(position[:, sine.shape[1] :])], dim=1)
        return EncodedClips(
            memory=memory,
            position=decoder_position,
            token_mask=token_mask,
            frame_mask=frame_mask,
            map_size=tuple(map_mask.shape[1:]),
            valid_size=valid_size,
            num_text=text.shape[1],
            frame_summary=_masked_mean(memory, token_mask),
        )

    def _run(self, memory: Tensor, position: Tensor, token_mask: Tensor | None) -> Tensor:
        batch, num_frames = memory.shape[:2]
        x = memory.flatten(0, 1)  # BT S D
        position = position[:, None].expand(-1, num_frames, -1, -1).flatten(0, 1).to(x.dtype)
        if token_mask is not None:
            token_mask = token_mask[:, None].expand(-1, num_frames, -1).flatten(0, 1)  # BT S
        recompute = self.with_cp and x.shape[1] >= self.cp_min_tokens and torch.is_grad_enabled()
        for layer in self.layers:
            if recompute:
                x = checkpoint(layer, x, position, token_mask, use_reentrant=False)
            else:
                x = layer(x, position, token_mask)
        return self.norm(x).unflatten(0, (batch, num_frames))


def _map_mask(
    map_sizes: list[tuple[int, int]], padded_size: tuple[int, int], device: torch.device
) -> tuple[Tensor, Tensor]:
    """Bool `(B, h, w)`, True outside each video's own map, and the sizes as a tensor `(B, 2)`."""
    sizes = torch.tensor(map_sizes)
    rows = torch.arange(padded_size[0]) >= sizes[:, :1]  # B h
    columns = torch.arange(padded_size[1]) >= sizes[:, 1:]  # B w
    mask = rows[:, :, None] | columns[:, None, :]
    return mask.to(device, non_blocking=True), sizes.to(device, non_blocking=True)


def _masked_mean(memory: Tensor, token_mask: Tensor | None) -> Tensor:
    """Mean over the valid tokens of each frame, `(B, T, S, D)` to `(B, T, D)`."""
    if token_mask is None:
        return memory.mean(dim=2)
    valid = (~token_mask).to(memory.dtype)  # B S
    return torch.einsum('btsd,bs->btd', memory, valid) / valid.sum(dim=1)[:, None, None]
