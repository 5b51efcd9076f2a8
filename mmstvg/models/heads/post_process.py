"""From the head's outputs to tubes."""

from collections.abc import Sequence

import torch
from mmdet.structures.bbox import bbox_cxcywh_to_xyxy
from torch import Tensor

from mmstvg.structures import STVGDataSample, Tube


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
    logits = span_logits.float().masked_fill(frame_mask[..., None], -torch.inf)
    start, end = logits.log_softmax(dim=1).unbind(-1)  # B T
    pairs = start[:, :, None] + end[:, None, :]  # B T T
    later = torch.ones_like(pairs[0], dtype=torch.bool).triu(diagonal=1)
    best = pairs.masked_fill(~later, -torch.inf).flatten(1).argmax(dim=1)
    num_frames = span_logits.shape[1]
    pair = torch.stack([best.div(num_frames, rounding_mode='floor'), best % num_frames], dim=1)
    single = frame_mask.logical_not().sum(dim=1) == 1
    return pair.masked_fill(single[:, None], 0)


def tubes_from_outputs(
    outputs: dict[str, Tensor], frame_mask: Tensor, data_samples: Sequence[STVGDataSample]
) -> list[tuple[Tube, float]]:
    """Tube and score of each video, from the last stage.

    Boxes go to `xyxy` pixels of the original frame, clamped at 0 below (the reference's rule; no upper clamp). The
    score is the mean over the span of the actioness probability times half the confidence, in [0, 1]; without a
    confidence it is the actioness alone.

    Args:
        outputs: What the head answers.
        frame_mask: Bool `(B, T)`, True where padded.
        data_samples: Samples with `frame_ids` and `ori_shape`; ground truth is not read.
    """
    spans = best_spans(outputs['span_logits'][-1], frame_mask)
    boxes = bbox_cxcywh_to_xyxy(outputs['pred_boxes'][-1].float())  # B T 4
    frame_scores = _frame_scores(outputs)
    packed = torch.cat([boxes, frame_scores[..., None], spans[:, None].expand(-1, boxes.shape[1], -1)], dim=-1)
    tubes = []
    for row, sample in zip(packed.detach().cpu().numpy(), data_samples, strict=True):  # one copy from the device
        frames = sample.frame_ids
        height, width = sample.ori_shape
        first, last = int(row[0, 5]), int(row[0, 6])
        pixels = (row[: len(frames), :4] * (width, height, width, height)).clip(min=0)
        score = float(row[first : last + 1, 4].mean())
        tubes.append((Tube((frames[first], frames[last] + 1), frames, pixels), score))
    return tubes


def _frame_scores(outputs: dict[str, Tensor]) -> Tensor:
    """How likely each frame shows the event and its box the instance: `(B, T)` in [0, 1]."""
    actioness = outputs['actioness_logits'][-1].float().sigmoid()
    if 'box_conf' not in outputs:
        return actioness
    return actioness * (outputs['box_conf'][-1].float() / 2)
