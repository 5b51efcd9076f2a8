"""Ground truth of a batch, as the losses read it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmstvg.structures import STVGDataSample


@dataclass(frozen=True)
class STVGTargets:
    """Ground truth of a batch at the sampled frames.

    Args:
        boxes: `(B, T, 4)`, `cxcywh` in [0, 1]; zero where there is none.
        has_box: Bool `(B, T)`, True inside the event where the annotation has a box.
        inside: Bool `(B, T)`, True inside the event.
        span: `(B, 2)`, first and last sampled frame of the event as positions in `0 … T - 1`.
        frame_mask: Bool `(B, T)`, True where padded.
    """

    boxes: Tensor
    has_box: Tensor
    inside: Tensor
    span: Tensor
    frame_mask: Tensor

    @classmethod
    def from_samples(cls, data_samples: Sequence[STVGDataSample], device: torch.device | str) -> 'STVGTargets':
        """Read `gt_tube` at the sampled frames; one copy to the device a tensor.

        Args:
            data_samples: Samples with `frame_ids`, `ori_shape` and `gt_tube`.
            device: Where the tensors go.

        Raises:
            ValueError: A sample has no ground truth.
        """
        length = max(len(sample.frame_ids) for sample in data_samples)
        batch = len(data_samples)
        boxes = np.zeros((batch, length, 4), dtype=np.float32)
        has_box, inside, padded = (np.zeros((batch, length), dtype=bool) for _ in range(3))
        span = np.zeros((batch, 2), dtype=np.int64)
        for i, sample in enumerate(data_samples):
            if 'gt_tube' not in sample:
                raise ValueError(f'Item {sample.get("item_id")} has no ground truth (gt_tube), which the loss needs.')
            frames = np.asarray(sample.frame_ids)
            found, known = sample.gt_tube.known_at(frames)
            boxes[i, : len(frames)] = _normalise(found, sample.ori_shape)
            inside[i, : len(frames)] = sample.gt_tube.contains(frames)
            has_box[i, : len(frames)] = known & inside[i, : len(frames)]
            padded[i, len(frames) :] = True
            span[i] = _span_positions(frames, sample.gt_tube.span)
        tensors = (torch.from_numpy(x).to(device, non_blocking=True) for x in (boxes, has_box, inside, span, padded))
        return cls(*tensors)


def _normalise(boxes: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """`xyxy` pixels `(n, 4)` of a frame of `shape` (height, width) to `cxcywh` in [0, 1]."""
    height, width = shape
    corners = boxes / np.array([width, height, width, height], dtype=np.float32)
    return np.concatenate([(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], axis=1)


def _span_positions(frames: np.ndarray, span: tuple[int, int]) -> tuple[int, int]:
    """Positions of the first and last sampled frame inside `span`; of the frames next to it when none is inside."""
    last = len(frames) - 1
    first = min(int(np.searchsorted(frames, span[0])), last)
    return first, max(first, int(np.searchsorted(frames, span[1])) - 1)
