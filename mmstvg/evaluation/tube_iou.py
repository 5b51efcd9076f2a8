"""How well a predicted tube fits the annotated one. NumPy only.

Two conventions exist. They differ in where the annotated span ends; both take frames from 0 and half-open spans here.

`'published'`: TubeDETR's formulas over all frames, as STCAT and CG-STVG apply them; all published tables carry them.
The last annotated frame does not count, neither into the overlap nor into the length of the annotation, yet predicting
it lengthens the prediction: on an event of `n` frames the exact answer scores `(n - 1) / n`, one frame fewer scores 1.

`'inclusive'`: the script of the HC-STVG challenge. Every annotated frame counts, overlaps are divided by the hull of
both spans, and the exact answer scores 1.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from mmstvg.structures import Tube

CONVENTIONS = ('published', 'inclusive')


class TubeScore(NamedTuple):
    """Agreement of two tubes, each value in [0, 1]."""

    tiou: float
    viou: float
    gt_viou: float


def check_convention(convention: str) -> None:
    """Raise a ValueError unless the convention is known."""
    if convention not in CONVENTIONS:
        raise ValueError(f'The convention of a metric is one of {CONVENTIONS}, got {convention!r}.')


def box_iou(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """IoU of boxes pair by pair.

    Args:
        boxes: `(n, 4)`, `xyxy`.
        others: `(n, 4)`, `xyxy`.

    Returns:
        `(n,)` float64 in [0, 1]; 0 where either box is empty, reversed or not finite.
    """
    boxes, others = np.asarray(boxes, dtype=np.float64), np.asarray(others, dtype=np.float64)
    finite = np.isfinite(boxes).all(axis=1) & np.isfinite(others).all(axis=1)
    boxes, others = np.where(finite[:, None], boxes, 0), np.where(finite[:, None], others, 0)
    sides = np.minimum(boxes[:, 2:], others[:, 2:]) - np.maximum(boxes[:, :2], others[:, :2])
    overlap = sides.clip(min=0).prod(axis=1)
    areas = [(b[:, 2:] - b[:, :2]).clip(min=0).prod(axis=1) for b in (boxes, others)]
    union = areas[0] + areas[1] - overlap
    return np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0)


def span_iou(pred: tuple[int, int], gt: tuple[int, int], convention: str = 'published') -> float:
    """IoU of two spans in time.

    Args:
        pred: `[start, end)` of the prediction.
        gt: `[start, end)` of the annotation.
        convention: `'published'` or `'inclusive'`.

    Raises:
        ValueError: There is no such convention.
    """
    gt = _counted_span(gt, convention)
    overlap = min(pred[1], gt[1]) - max(pred[0], gt[0])
    if overlap <= 0:
        return 0.0
    return overlap / ((pred[1] - pred[0]) + (gt[1] - gt[0]) - overlap)


def score_tube(pred: 'Tube', gt: 'Tube', convention: str = 'published') -> TubeScore:
    """Score a predicted tube.

    Predicted boxes are interpolated between the known frames, inside the span and outside. An annotated frame without a
    predicted box counts 0. (The reference's VidSTG evaluator raises there.) A frame of the annotation without an
    annotated box adds nothing to vIoU and stays out of gt_vIoU's mean.

    Args:
        pred: The prediction.
        gt: The annotation; only boxes of known frames inside its span are used.
        convention: `'published'` or `'inclusive'`.

    Returns:
        `tiou` of the spans; `viou`, the sum of box IoUs over the common frames divided by the number of frames in the
        hull of both spans; `gt_viou`, the mean box IoU over all annotated frames, whatever span is predicted.

    Raises:
        ValueError: There is no such convention.
    """
    ious = frame_ious(pred, gt)
    frames = gt.frame_ids[gt.contains(gt.frame_ids)]
    end = _counted_span(gt.span, convention)[1]
    common = (frames >= max(pred.span[0], gt.span[0])) & (frames < min(pred.span[1], end))
    hull = max(pred.span[1], end) - min(pred.span[0], gt.span[0])
    return TubeScore(
        tiou=span_iou(pred.span, gt.span, convention),
        viou=float(ious[common].sum()) / max(hull, 1),
        gt_viou=float(ious.mean()) if len(ious) else 0.0,
    )


def frame_ious(pred: 'Tube', gt: 'Tube') -> np.ndarray:
    """Box IoU on each annotated frame of the annotated span, `(n,)`; 0 where no box is predicted."""
    inside = gt.contains(gt.frame_ids)
    boxes, covered = pred.boxes_at(gt.frame_ids[inside])
    return np.where(covered, box_iou(boxes, gt.boxes[inside]), 0.0)


def _counted_span(gt: tuple[int, int], convention: str) -> tuple[int, int]:
    """The half-open span that a convention counts for an annotation."""
    check_convention(convention)
    return (gt[0], gt[1] - 1) if convention == 'published' else (gt[0], gt[1])
