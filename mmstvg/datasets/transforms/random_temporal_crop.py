"""Temporal crop around the event."""

import numpy as np
from mmcv.transforms import BaseTransform

from mmstvg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomTemporalCrop(BaseTransform):
    """Cut the clip at random, never into the event.

    A start is drawn uniformly from the frames before the event (else the first frame), an end from those after it (else
    the last). Behind the sampling it cuts `frame_ids` (HC-STVG), in front of it `segment` (VidSTG). Items without
    ground truth pass unchanged. Draws from `numpy.random`.

    Required Keys:

    - gt_tube (optional)
    - frame_ids, or segment where nothing is sampled yet

    Modified Keys:

    - frame_ids or segment

    Args:
        prob: Probability of a crop.
    """

    def __init__(self, prob: float = 0.5):
        if not 0 <= prob <= 1:
            raise ValueError(f'prob must lie in [0, 1], got {prob}.')
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Cut `frame_ids` or `segment`."""
        if np.random.random() >= self.prob or 'gt_tube' not in results:
            return results
        event = results['gt_tube'].span
        if 'frame_ids' in results:
            first, last = self._draw(results['frame_ids'], event)
            results['frame_ids'] = results['frame_ids'][first : last + 1]
        else:
            start = results['segment'][0]
            first, last = self._draw(np.arange(*results['segment']), event)
            results['segment'] = (start + first, start + last + 1)
        return results

    @staticmethod
    def _draw(frames: np.ndarray, event: tuple[int, int]) -> tuple[int, int]:
        """First and last place kept of ascending `frames`."""
        before, inside_or_before = np.searchsorted(frames, event)
        first = np.random.randint(before) if before > 0 else 0
        after = len(frames) - inside_or_before
        last = len(frames) - 1 - (np.random.randint(after) if after > 0 else 0)
        return int(first), int(last)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(prob={self.prob})'
