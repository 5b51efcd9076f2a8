"""Sampling at a frame rate (HC-STVG)."""

import numpy as np
from mmcv.transforms import BaseTransform

from mmstvg.registry import TRANSFORMS

from .keep_event_frame import keep_event_frame


@TRANSFORMS.register_module()
class SampleFramesByFPS(BaseTransform):
    """Choose frames at a target rate from the segment, the way the reference does for HC-STVG.

    The first frame of the segment is kept, then each frame at which `floor(i * target_fps / fps)` steps up (`i` counts
    from the segment's start), and always the last one.

    Required Keys:

    - segment
    - fps
    - gt_tube (optional, only with `keep_event`)

    Added Keys:

    - frame_ids (`(T,)` int64, ascending)

    Args:
        target_fps: Frames to keep of a second.
        keep_event: Where no chosen frame lies inside the event, put one of the event's in the nearest one's place. For
            training; ground truth must not steer a test.

    Raises:
        ValueError: The segment is empty or `fps` is not positive.
    """

    def __init__(self, target_fps: float, keep_event: bool = False):
        if target_fps <= 0:
            raise ValueError(f'target_fps must be positive, got {target_fps}.')
        self.target_fps = target_fps
        self.keep_event = keep_event

    def transform(self, results: dict) -> dict:
        """Add `frame_ids`."""
        start, end = results['segment']
        fps = results['fps']
        if end <= start or not fps > 0:
            where = f'Item {results.get("item_id")} ({results.get("video_path")})'
            raise ValueError(
                f'{where} cannot be sampled: segment {start}..{end} (end excluded), {fps} frames a second.'
            )
        offsets = np.arange(end - start)
        steps = np.floor(offsets * (self.target_fps / fps))
        kept = np.diff(steps, prepend=-1) > 0
        kept[-1] = True
        frame_ids = start + offsets[kept]
        if self.keep_event and 'gt_tube' in results:
            frame_ids = keep_event_frame(frame_ids, results['gt_tube'])
        results['frame_ids'] = frame_ids
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(target_fps={self.target_fps}, keep_event={self.keep_event})'
