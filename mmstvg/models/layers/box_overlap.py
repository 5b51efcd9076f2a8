"""Overlap of boxes, pair by pair."""

from mmdet.structures.bbox import bbox_cxcywh_to_xyxy, bbox_overlaps
from torch import Tensor


def box_overlap(predicted: Tensor, true: Tensor, mode: str = 'iou') -> Tensor:
    """Overlap of each frame's predicted box with its true one.

    Args:
        predicted: `(…, B, T, 4)`, `cxcywh`.
        true: `(B, T, 4)`, `cxcywh`, the same for all stages.
        mode: `'iou'`, in [0, 1], or `'giou'`, in [-1, 1].

    Returns:
        `(…, B, T)`.
    """
    predicted = bbox_cxcywh_to_xyxy(predicted)
    true = bbox_cxcywh_to_xyxy(true).expand_as(predicted)
    return bbox_overlaps(predicted, true, mode=mode, is_aligned=True)
