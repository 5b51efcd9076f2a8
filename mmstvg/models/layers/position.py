"""Fixed position encodings: of map cells, of frame indices, of boxes."""

import torch
from mmdet.models.layers import SinePositionalEncoding, coordinate_to_encoding
from torch import Tensor


def map_position(map_mask: Tensor, embed_dims: int) -> Tensor:
    """2-D sine position of the cells of a map, y before x, counted over valid cells from 1.

    Args:
        map_mask: Bool `(B, h, w)`, True where padded.
        embed_dims: Channels `D`, half for each axis.

    Returns:
        `(B, h·w, D)`.
    """
    encode = SinePositionalEncoding(num_feats=embed_dims // 2, normalize=True)
    return encode(map_mask).flatten(2).transpose(1, 2)


def frame_position(num_frames: int, embed_dims: int, device: torch.device) -> Tensor:
    """1-D sine position of frame indices `0 … T - 1`: even channels sine, odd cosine, base 10000.

    The reference keeps a table of 201 frames; computed here, so clips may be longer.

    Returns:
        `(T, D)`.
    """
    frames = torch.arange(num_frames, dtype=torch.float32, device=device)
    channels = torch.arange(0, embed_dims, 2, dtype=torch.float32, device=device)
    angles = frames[:, None] * 10000.0 ** (-channels / embed_dims)  # T D/2
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


def box_position(boxes: Tensor, embed_dims: int) -> Tensor:
    """Sine position of boxes, `embed_dims / 2` channels a coordinate in the order cy, cx, w, h.

    Args:
        boxes: `(B, T, 4)`, `cxcywh` in [0, 1].
        embed_dims: Channels `D` of a point, so a box has twice as many.

    Returns:
        `(B, T, 2 D)`.
    """
    return coordinate_to_encoding(boxes, num_feats=embed_dims // 2)
