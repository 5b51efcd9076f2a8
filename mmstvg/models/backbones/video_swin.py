"""Video Swin Transformer with one output a frame."""

import itertools
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmstvg.models.layers import at_once, run_in_parts
from mmstvg.registry import MODELS

VALUES_AT_ONCE = 2**23  # of a map; without a graph larger ones are worked on a few frames at a time, to save memory


@dataclass(frozen=True)
class Segment:
    """A run of windows along one axis: `count` windows of `size` tokens from `start` on.

    At the borders of a shifted axis windows are cut; `offset` says where the cut one begins inside a whole window.
    """

    start: int
    size: int
    count: int
    offset: int


def split_axis(length: int, window: int, shift: int) -> list[Segment]:
    """Windows along an axis whose length is a multiple of `window`, shifted by `shift` tokens.

    A shifted window that would wrap around the border is two separate windows instead. This is what rolling the map and
    masking the wrapped pairs computes, without the rolled copy and without the masked products.
    """
    if shift == 0:
        return [Segment(0, window, length // window, 0)]
    segments = [
        Segment(0, shift, 1, window - shift),
        Segment(shift, window, length // window - 1, 0),
        Segment(length - window + shift, window - shift, 1, 0),
    ]
    return [segment for segment in segments if segment.count]


def split_time(length: int, window: int, shift: int, max_windows: int) -> list[tuple[int, int, int]]:
    """Parts of the time axis whose windows do not see each other's frames.

    Args:
        length: Frames.
        window: Frames of a window.
        shift: Frames by which the windows are shifted.
        max_windows: Windows of a part at most.

    Returns:
        First frame, end, and frames of a window of each part; the last window may reach beyond the end.
    """
    parts = []
    for segment in split_axis(length + -length % window, window, shift):
        end, step = segment.start + segment.size * segment.count, segment.size * max_windows
        parts += [(start, min(start + step, end, length), segment.size) for start in range(segment.start, end, step)]
    return [part for part in parts if part[0] < length]


class WindowAttention3D(nn.Module):
    """Attention inside (shifted) windows of time, height and width, with a learnt bias for each relative position.

    Args:
        dims: Channels.
        window: `(time, height, width)` tokens of a window.
        num_heads: Number of heads.
    """

    def __init__(self, dims: int, window: tuple[int, int, int], num_heads: int):
        super().__init__()
        self.window = window
        self.num_heads = num_heads
        num_offsets = (2 * window[0] - 1) * (2 * window[1] - 1) * (2 * window[2] - 1)
        self.relative_position_bias_table = nn.Parameter(torch.zeros(num_offsets, num_heads))
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)
        self.register_buffer('relative_position_index', relative_position_index(window), persistent=False)
        self.qkv = nn.Linear(dims, 3 * dims)
        self.proj = nn.Linear(dims, dims)

    def forward(self, x: Tensor, window: tuple[int, int, int], shift: tuple[int, int, int]) -> Tensor:
        """Attend inside the windows of a map whose sides are multiples of `window`.

        Args:
            x: `(B, T, H, W, C)`.
            window: The window, shrunk where the map is no larger.
            shift: Shift of the windows on each axis, 0 where the window was shrunk.

        Returns:
            `(B, T, H, W, C)`.
        """
        qkv = self.qkv(x).unflatten(-1, (3, self.num_heads, -1))  # B T H W 3 heads d
        out = torch.empty_like(qkv[..., 0, :, :])  # B T H W heads d
        bias = self._bias(window).to(qkv.dtype).contiguous()  # or GPUs do not fuse the attention
        t, h, w = (split_axis(*axis) for axis in zip(x.shape[1:4], window, shift, strict=True))
        for segments in itertools.product(t, h, w):
            place = (slice(None), *(slice(s.start, s.start + s.size * s.count) for s in segments))
            q, k, v = _to_windows(qkv[place], segments)  # N heads tokens d
            attended = F.scaled_dot_product_attention(q, k, v, attn_mask=_cut_bias(bias, segments))
            _split_windows(out[place], segments).copy_(_unflatten_windows(attended, segments, x.shape[0]))
        return self.proj(out.flatten(-2))

    def _bias(self, window: tuple[int, int, int]) -> Tensor:
        """Bias of each pair of tokens of a window, `(heads, *window, *window)`.

        A shrunk window takes the leading block of the full index, as the reference does, although its rows and columns
        then stand for other offsets than those of its own tokens when height or width shrink.
        """
        tokens = window[0] * window[1] * window[2]
        index = self.relative_position_index[:tokens, :tokens]
        bias = self.relative_position_bias_table[index.flatten()]  # tokens² heads
        return bias.t().reshape(self.num_heads, *window, *window)


def relative_position_index(window: tuple[int, int, int]) -> Tensor:
    """Row of the bias table for each pair of tokens of a window: `(tokens, tokens)` int64."""
    grid = torch.stack(torch.meshgrid(*(torch.arange(n) for n in window), indexing='ij')).flatten(1)  # 3 tokens
    offsets = grid[:, :, None] - grid[:, None, :] + (torch.tensor(window) - 1)[:, None, None]  # 3 tokens tokens
    return (offsets[0] * (2 * window[1] - 1) + offsets[1]) * (2 * window[2] - 1) + offsets[2]


def _to_windows(qkv: Tensor, segments: tuple[Segment, Segment, Segment]) -> Tensor:
    """`(B, T, H, W, 3, heads, d)` of whole windows to `(3, B·windows, heads, tokens, d)`."""
    t, h, w = segments
    heads, dims = qkv.shape[-2:]
    qkv = _split_windows(qkv, segments).permute(7, 0, 1, 3, 5, 8, 2, 4, 6, 9)  # 3 B nt nh nw heads t h w d
    return qkv.reshape(3, -1, heads, t.size * h.size * w.size, dims)


def _split_windows(x: Tensor, segments: tuple[Segment, Segment, Segment]) -> Tensor:
    """`(B, T, H, W, …)` seen as `(B, nt, t, nh, h, nw, w, …)`."""
    t, h, w = segments
    return x.unflatten(3, (w.count, w.size)).unflatten(2, (h.count, h.size)).unflatten(1, (t.count, t.size))


def _unflatten_windows(x: Tensor, segments: tuple[Segment, Segment, Segment], batch: int) -> Tensor:
    """`(B·windows, heads, tokens, d)` seen as `(B, nt, t, nh, h, nw, w, heads, d)`."""
    t, h, w = segments
    x = x.unflatten(2, (t.size, h.size, w.size)).unflatten(0, (batch, t.count, h.count, w.count))
    return x.permute(0, 1, 5, 2, 6, 3, 7, 4, 8)


def _cut_bias(bias: Tensor, segments: tuple[Segment, Segment, Segment]) -> Tensor:
    """The part of `(heads, *window, *window)` that cut windows see, `(1, heads, tokens, tokens)`."""
    place = tuple(slice(s.offset, s.offset + s.size) for s in segments)
    tokens = segments[0].size * segments[1].size * segments[2].size
    cut = (slice(None), *place, *place)
    return bias[cut].reshape(1, -1, tokens, tokens)  # four axes, or the CPU does not fuse it


class SwinBlock3D(nn.Module):
    """LayerNorm, window attention, LayerNorm, perceptron, each with a residual.

    Args:
        dims: Channels.
        window: `(time, height, width)` tokens of a window.
        shifted: Whether the windows are shifted by half a window.
        num_heads: Number of heads.
        drop_path: Probability of dropping a branch of a video in training.
    """

    def __init__(self, dims: int, window: tuple[int, int, int], shifted: bool, num_heads: int, drop_path: float):
        super().__init__()
        self.window = window
        self.shifted = shifted
        self.drop_path = drop_path
        self.norm1 = nn.LayerNorm(dims)
        self.attn = WindowAttention3D(dims, window, num_heads)
        self.norm2 = nn.LayerNorm(dims)
        self.mlp = nn.Sequential(nn.Linear(dims, 4 * dims), nn.GELU(), nn.Linear(4 * dims, dims))

    def forward(self, x: Tensor) -> Tensor:
        """`(B, T, H, W, C)` to `(B, T, H, W, C)`. Without a graph a large map is overwritten by the result."""
        size = x.shape[1:4]
        window = tuple(min(length, w) for length, w in zip(size, self.window, strict=True))
        shift = tuple(w // 2 if self.shifted and length > w else 0 for length, w in zip(size, self.window, strict=True))
        draws = self.training and self.drop_path > 0  # once for a whole video
        values = at_once(VALUES_AT_ONCE, x)
        is_large = x.numel() > values and window == self.window
        if torch.is_grad_enabled() or draws or not is_large:
            return self._run(x, window, shift)
        max_windows = max(values // (x[:, 0].numel() * window[0]), 1)
        for start, end, frames in split_time(size[0], window[0], shift[0], max_windows):
            x[:, start:end] = self._run(x[:, start:end], (frames, *window[1:]), (0, *shift[1:]))
        return x

    def _run(self, x: Tensor, window: tuple[int, int, int], shift: tuple[int, ...]) -> Tensor:
        size = x.shape[1:4]
        # The zeros that fill the last windows are not masked: the published weights were trained so.
        padded = _pad_to_multiple(self.norm1(x), window)
        attended = self.attn(padded, window, shift)[:, : size[0], : size[1], : size[2]]
        x = x + self._drop(attended)
        return x + self._drop(self.mlp(self.norm2(x)))

    def _drop(self, branch: Tensor) -> Tensor:
        """Stochastic depth, one draw for each video."""
        if not self.training or self.drop_path == 0.0:
            return branch
        keep = branch.new_empty(branch.shape[0], 1, 1, 1, 1).bernoulli_(1 - self.drop_path)
        return branch * keep / (1 - self.drop_path)


def _pad_to_multiple(x: Tensor, window: tuple[int, int, int]) -> Tensor:
    """Append zeros to `(B, T, H, W, C)` until each side is a multiple of the window's."""
    pad_t, pad_h, pad_w = (-length % w for length, w in zip(x.shape[1:4], window, strict=True))
    return F.pad(x, (0, 0, 0, pad_w, 0, pad_h, 0, pad_t)) if pad_t or pad_h or pad_w else x


class PatchMerging(nn.Module):
    """Joins 2 x 2 neighbouring cells of each frame into one of twice the channels."""

    def __init__(self, dims: int):
        super().__init__()
        self.norm = nn.LayerNorm(4 * dims)
        self.reduction = nn.Linear(4 * dims, 2 * dims, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """`(B, T, H, W, C)` to `(B, T, ⌈H/2⌉, ⌈W/2⌉, 2 C)`."""
        x = _pad_to_multiple(x, (1, 2, 2))
        corners = [x[:, :, 0::2, 0::2], x[:, :, 1::2, 0::2], x[:, :, 0::2, 1::2], x[:, :, 1::2, 1::2]]
        return self.reduction(self.norm(torch.cat(corners, dim=-1)))


@MODELS.register_module()
class VideoSwinTransformer(nn.Module):
    """Video Swin Transformer (CVPR 2022) that keeps every frame: patches of `(1, 4, 4)`, so stride 32 in space only.

    Zero padding to whole windows changes real features, so videos of different length or size must not be padded
    together: run them one by one, or batched when all sides are equal.

    Args:
        embed_dims: Channels of the first stage; each further stage has twice as many.
        depths: Blocks of each stage.
        num_heads: Heads of each stage.
        window: `(time, height, width)` tokens of a window.
        frozen: Weights do not train and the network runs without a graph.
        drop_path_rate: Stochastic depth of the last block, growing linearly from 0 at the first, active in training.
            The reference leaves 0.2 active inside its frozen network; set it so to reproduce that.
    """

    def __init__(
        self,
        embed_dims: int = 96,
        depths: tuple[int, ...] = (2, 2, 6, 2),
        num_heads: tuple[int, ...] = (3, 6, 12, 24),
        window: tuple[int, int, int] = (8, 7, 7),
        frozen: bool = True,
        drop_path_rate: float = 0.0,
    ):
        super().__init__()
        self.frozen = frozen
        time, height, width = window  # a config may give a list
        self.out_channels = embed_dims * 2 ** (len(depths) - 1)
        self.patch_embed = nn.Conv2d(3, embed_dims, kernel_size=4, stride=4)
        self.patch_norm = nn.LayerNorm(embed_dims)
        rates = iter(torch.linspace(0, drop_path_rate, sum(depths)).tolist())
        self.stages = nn.ModuleList()
        for stage, (depth, heads) in enumerate(zip(depths, num_heads, strict=True)):
            dims = embed_dims * 2**stage
            blocks = [SwinBlock3D(dims, (time, height, width), i % 2 == 1, heads, next(rates)) for i in range(depth)]
            self.stages.append(nn.Sequential(*blocks))
        self.downsamples = nn.ModuleList(PatchMerging(embed_dims * 2**i) for i in range(len(depths) - 1))
        if frozen:
            self.requires_grad_(False)

    def forward(self, video: Tensor) -> Tensor:
        """Features of whole clips.

        Args:
            video: Normalised frames `(B, T, 3, H, W)`, unpadded.

        Returns:
            `(B, T, C, ⌈H/32⌉, ⌈W/32⌉)`; without a graph when frozen.
        """
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            x = run_in_parts(self._embed, video, VALUES_AT_ONCE, dim=1)
            for stage, blocks in enumerate(self.stages):
                x = blocks(x)
                if stage < len(self.downsamples):
                    x = run_in_parts(self.downsamples[stage], x, VALUES_AT_ONCE, dim=1)
            return x.permute(0, 1, 4, 2, 3)

    def _embed(self, video: Tensor) -> Tensor:
        """Frames to patches: `(B, T, 3, H, W)` to `(B, T, ⌈H/4⌉, ⌈W/4⌉, C)`."""
        batch, _, _, height, width = video.shape
        frames = F.pad(video.flatten(0, 1), (0, -width % 4, 0, -height % 4))
        x = self.patch_embed(frames).permute(0, 2, 3, 1)  # BT h w C
        return self.patch_norm(x).unflatten(0, (batch, -1))
