"""Sampling a fixed number of frames (VidSTG)."""

import numpy as np
from mmcv.transforms import BaseTransform

from mmstvg.registry import TRANSFORMS

from .keep_event_frame import keep_event_frame


@TRANSFORMS.register_module()
class SampleFramesUniform(BaseTransform):
    """Choose at most `num_frames` frames of the segment, evenly spread, the way the reference does for VidSTG.

    A segment of `n` frames is kept whole where `n <= num_frames`, else at `int(linspace(0, n - 1, num_frames))`.

    Required Keys:

    - segment
    - gt_tube (optional, only with `keep_event`)

    Added Keys:

    - frame_ids (`(T,)` int64, ascending)

    Args:
        num_frames: The most frames to keep.
        keep_event: Where no chosen frame lies inside the event, put one of the event's in the nearest one's place. For
            training; ground truth must not steer a test.

    Raises:
        ValueError: The segment is empty.
    """

    def __init__(self, num_frames: int, keep_event: bool = False):
        if num_frames < 1:
            raise ValueError(f'num_frames must be at least 1, got {num_frames}.')
        self.num_frames = num_frames
        self.keep_event = keep_event

    def transform(self, results: dict) -> dict:
        """Add `frame_ids`."""
        start, end = results['segment']
        if end <= start:
            where = f'Item {results.get("item_id")} ({results.get("video_path")})'
            raise ValueError(f'{where} cannot be sampled: segment {start}..{end} (end excluded) is empty.')
        count = end - start
        frame_ids = np.arange(start, end)
        if count > self.num_frames:
            frame_ids = frame_ids[np.linspace(0, count - 1, self.num_frames).astype(np.int64)]
        if self.keep_event and 'gt_tube' in results:
            frame_ids = keep_event_frame(frame_ids, results['gt_tube'])
        results['frame_ids'] = frame_ids
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(num_frames={self.num_frames}, keep_event={self.keep_event})'
