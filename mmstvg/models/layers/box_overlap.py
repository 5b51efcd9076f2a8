"""Overlap of boxes, pair by pair."""

import torch
from mmdet.structures.bbox import bbox_cxcywh_to_xyxy
from torch import Tensor

EPS = 1e-6  # square units; areas below it count as it


def box_overlap(predicted: Tensor, true: Tensor, mode: str = 'iou') -> Tensor:
    """Overlap of each frame's predicted box with its true one.

    mmdet's `bbox_overlaps` gives the same numbers, but moves a constant to the device in each call, for which the host
    waits.

    Args:
        predicted: `(…, B, T, 4)`, `cxcywh`.
        true: `(B, T, 4)`, `cxcywh`, the same for all stages.
        mode: `'iou'`, in [0, 1], or `'giou'`, in [-1, 1].

    Returns:
        `(…, B, T)`.
    """
    predicted, true = bbox_cxcywh_to_xyxy(predicted), bbox_cxcywh_to_xyxy(true)
    (start, end), (true_start, true_end) = _corners(predicted), _corners(true)
    shared = _area(torch.maximum(start, true_start), torch.minimum(end, true_end))
    union = (_area(start, end) + _area(true_start, true_end) - shared).clamp(min=EPS)
    overlap = shared / union
    if mode == 'iou':
        return overlap
    hull = _area(torch.minimum(start, true_start), torch.maximum(end, true_end)).clamp(min=EPS)
    return overlap - (hull - union) / hull


def _corners(boxes: Tensor) -> tuple[Tensor, Tensor]:
    return boxes[..., :2], boxes[..., 2:]


def _area(start: Tensor, end: Tensor) -> Tensor:
    """Of boxes between two corners, 0 where the end lies before the start."""
    sides = (end - start).clamp(min=0)
    return sides[..., 0] * sides[..., 1]  # the backward pass of `prod` looks for zeros, which the host waits for
