"""Which frames a video holds and where decoding can start, from its packets alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class FrameIndex:
    """The frames of a video in display order.

    Attributes:
        times: `(n,)` int64, ascending: the presentation time of each frame, in ticks of the stream.
        key_times: `(k,)` int64, ascending: the times of the frames at which decoding can start.
        closed: Whether the first frame of the file is a key frame and no frame is shown before the key frame that it
            follows in the file (closed groups of pictures).
    """

    times: np.ndarray
    key_times: np.ndarray
    closed: bool

    def __len__(self) -> int:
        return len(self.times)

    def last_key(self, time: int) -> int:
        """Time of the last key frame at or before `time`; the first frame's where there is none."""
        place = np.searchsorted(self.key_times, time, side='right') - 1
        return int(self.key_times[place]) if place >= 0 else int(self.times[0])

    def place(self, time: int) -> int:
        """Index of the first frame at or after `time`."""
        return int(np.searchsorted(self.times, time))

    def starting_at(self, time: int) -> 'FrameIndex':
        """Without the frames before `time`, which cannot be decoded."""
        return FrameIndex(self.times[self.times >= time], self.key_times[self.key_times >= time], self.closed)


def build_frame_index(times: Sequence[int | None], keys: Sequence[bool]) -> FrameIndex | None:
    """Sort the packets of a video by the time of their frames.

    Args:
        times: Presentation times in the order of the file.
        keys: Which packets hold key frames.

    Returns:
        The index, or None where the times do not tell the frames apart: these have to be counted by decoding them.
    """
    if not times or None in times or len(set(times)) < len(times):
        return None
    shown, is_key = np.array(times, dtype=np.int64), np.array(keys, dtype=bool)
    group_starts = np.maximum.accumulate(np.where(is_key, shown, np.iinfo(np.int64).min))
    closed = bool(is_key[0] and (shown >= group_starts).all())
    return FrameIndex(np.sort(shown), np.sort(shown[is_key]), closed)
