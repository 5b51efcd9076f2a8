"""From the head's outputs to tubes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from mmdet.structures.bbox import bbox_cxcywh_to_xyxy
from torch import Tensor

from mmstvg.structures import FrameScores, STVGDataSample, Tube


class Answer(NamedTuple):
    """What the head answers for one video: tube, score in [0, 1] (see `tubes_from_outputs`), scores of the frames."""

    tube: Tube
    score: float
    frames: FrameScores


def best_spans(span_logits: Tensor, frame_mask: Tensor) -> Tensor:
    """The most likely pair of first and last frame, first strictly before last.

    The reference takes the softmax over all positions, which is the same for a video alone. Ties go to the first pair
    in row-major order. A clip of one valid frame, on which the reference cannot run, gets `(0, 0)`.

    Args:
        span_logits: `(B, T, 2)`, start and end.
        frame_mask: Bool `(B, T)`, True where padded.

    Returns:
        `(B, 2)` int64, positions in `0 … T - 1`.
    """
    start, end = _log_span_probabilities(span_logits, frame_mask).unbind(-1)  # B T
    pairs = start[:, :, None] + end[:, None, :]  # B T T
    later = torch.ones_like(pairs[0], dtype=torch.bool).triu(diagonal=1)
    best = pairs.masked_fill(~later, -torch.inf).flatten(1).argmax(dim=1)
    num_frames = span_logits.shape[1]
    pair = torch.stack([best.div(num_frames, rounding_mode='floor'), best % num_frames], dim=1)
    single = frame_mask.logical_not().sum(dim=1) == 1
    return pair.masked_fill(single[:, None], 0)


def tubes_from_outputs(
    outputs: dict[str, Tensor], frame_mask: Tensor, data_samples: Sequence[STVGDataSample]
) -> list[Answer]:
    """Tube and scores of each video, from the last stage.

    Boxes go to `xyxy` pixels of the original frame, clamped at 0 below (the reference's rule; no upper clamp). The
    score is the mean over the span of the actioness probability times half the confidence, in [0, 1]; without a
    confidence it is the actioness alone.

    Args:
        outputs: What the head answers.
        frame_mask: Bool `(B, T)`, True where padded.
        data_samples: Samples with `frame_ids` and `ori_shape`; ground truth is not read.
    """
    spans = best_spans(outputs['span_logits'][-1], frame_mask)  # B 2
    boxes = bbox_cxcywh_to_xyxy(outputs['pred_boxes'][-1].float())  # B T 4
    probabilities = _log_span_probabilities(outputs['span_logits'][-1], frame_mask).exp()  # B T 2
    actioness = outputs['actioness_logits'][-1].float().sigmoid()  # B T
    has_confidence = 'box_conf' in outputs
    confidence = outputs['box_conf'][-1].float() / 2 if has_confidence else torch.ones_like(actioness)
    columns = [spans[:, None].expand(-1, boxes.shape[1], -1), boxes, probabilities]
    columns += [actioness[..., None], confidence[..., None], (actioness * confidence)[..., None]]
    packed = torch.cat(columns, dim=-1).detach().cpu().numpy()  # B T 11; one copy from the device
    return [_answer(row, sample, has_confidence) for row, sample in zip(packed, data_samples, strict=True)]


def _log_span_probabilities(span_logits: Tensor, frame_mask: Tensor) -> Tensor:
    """Logits `(B, T, 2)` of start and end to log probabilities over the valid frames."""
    return span_logits.float().masked_fill(frame_mask[..., None], -torch.inf).log_softmax(dim=1)


def _answer(columns: np.ndarray, sample: STVGDataSample, has_confidence: bool) -> Answer:
    """Answer for one video from its columns `(T, 11)`."""
    frames = sample.frame_ids
    height, width = sample.ori_shape
    first, last = columns[0, :2].astype(int).tolist()
    columns = columns[: len(frames)]
    pixels = (columns[:, 2:6] * (width, height, width, height)).clip(min=0)
    start, end, actioness, confidence, frame_scores = columns[:, 6:].T
    return Answer(
        Tube((frames[first], frames[last] + 1), frames, pixels),
        float(frame_scores[first : last + 1].mean()),
        FrameScores(frames, start, end, actioness, confidence if has_confidence else None),
    )
