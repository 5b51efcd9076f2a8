"""Pooling of the map cells inside one box a frame, without a loop."""

import torch
from mmdet.structures.bbox import bbox_cxcywh_to_xyxy
from torch import Tensor


def cells_in_boxes(boxes: Tensor, valid_size: Tensor, map_size: tuple[int, int]) -> Tensor:
    """Weights that average the map cells inside each box.

    Rounding follows the reference: left, top and bottom edges to the nearest cell border (ties to even), right edge up;
    at least one cell always remains.

    Args:
        boxes: `(B, T, 4)`, `cxcywh` in [0, 1].
        valid_size: Cells `(height, width)` of each video's own map, `(B, 2)`.
        map_size: `(h, w)` of the padded map.

    Returns:
        `(B, T, h·w)`; each row sums to 1.
    """
    height, width = valid_size.to(boxes.dtype)[:, None].unbind(-1)  # B 1
    x1, y1, x2, y2 = bbox_cxcywh_to_xyxy(boxes).clamp(min=0).unbind(-1)  # B T
    x2 = (x2 * width).ceil().clamp(min=1).minimum(width)
    y2 = (y2 * height).round().clamp(min=1).minimum(height)
    x1 = (x1 * width).round().minimum(x2 - 1)
    y1 = (y1 * height).round().minimum(y2 - 1)
    columns = _inside(x1, x2, map_size[1])  # B T w
    rows = _inside(y1, y2, map_size[0])  # B T h
    cells = rows[..., :, None] * columns[..., None, :]  # B T h w
    return (cells / ((x2 - x1) * (y2 - y1))[..., None, None]).flatten(2)


def _inside(start: Tensor, end: Tensor, length: int) -> Tensor:
    """1 where a cell of the axis lies in `[start, end)`, else 0: `(B, T)` to `(B, T, length)`."""
    cell = torch.arange(length, device=start.device)
    return ((cell >= start[..., None]) & (cell < end[..., None])).to(start.dtype)
