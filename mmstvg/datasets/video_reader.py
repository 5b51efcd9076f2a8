"""One small interface to video files, whatever decodes them."""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np

from .video_error import VideoError

FrameIds = Sequence[int] | np.ndarray

BACKENDS = ('pyav', 'decord')


class VideoReader(ABC):
    """An open video. Frames are those of the file in display order and display orientation, counted from 0.

    Use it as a context manager, or call `close`.

    Args:
        path: The video file.

    Attributes:
        frame_count: Number of frames.
        fps: Mean frames per second.
        size: `(height, width)` in display orientation.
        missing_frames: Frames beyond those that an MP4 file lists, but no longer holds, since it is cut short. Other
            files do not say; 0 then.

    Raises:
        VideoError: The file is missing, empty, or holds no video that can be decoded.
    """

    frame_count: int
    fps: float
    size: tuple[int, int]
    missing_frames: int = 0

    def __init__(self, path: str):
        self.path = str(path)
        if not os.path.isfile(self.path):
            raise VideoError(self.path, 'missing', 'no such video file; check the path (data sets: data_root)')
        if os.path.getsize(self.path) == 0:
            raise VideoError(self.path, 'empty', 'the video file has 0 bytes; download it again or exclude it')

    def __len__(self) -> int:
        return self.frame_count

    def __enter__(self) -> 'VideoReader':
        return self

    def __exit__(self, *exc_info):
        self.close()

    @property
    def shortfall(self) -> str | None:
        """What there is to say about a file that is cut short; None where nothing is known to be missing."""
        if not self.missing_frames:
            return None
        promised = self.frame_count + self.missing_frames
        return f'the file is cut short: it lists {promised} frames, but only {self.frame_count} are there'

    @abstractmethod
    def close(self):
        """Close the file. Calling it twice is harmless."""

    @abstractmethod
    def _decode(self, frame_ids: np.ndarray) -> Iterator[np.ndarray]:
        """Frames `(H, W, 3)` uint8 RGB of strictly ascending, valid indices."""

    def frames(self, frame_ids: FrameIds) -> Iterator[np.ndarray]:
        """Frames one by one, so that only one is in memory.

        Args:
            frame_ids: Strictly ascending frame indices.

        Yields:
            `(H, W, 3)` uint8 RGB.

        Raises:
            VideoError: The video holds fewer frames than are asked for, or decoding fails.
            ValueError: The indices are negative or do not ascend.
        """
        wanted = np.asarray(frame_ids, dtype=np.int64).reshape(-1)
        if len(wanted) == 0:
            return
        if wanted[0] < 0 or (np.diff(wanted) <= 0).any():
            raise ValueError(f'Frame indices must be at least 0 and ascend strictly, got {wanted.tolist()}.')
        if wanted[-1] >= self.frame_count:
            raise self._truncated(int(wanted[-1]), self.frame_count)
        yield from self._decode(wanted)

    def read(self, frame_ids: FrameIds) -> np.ndarray:
        """Frames in any order, repetitions allowed: `(n, H, W, 3)` uint8 RGB. Raises what `frames` raises."""
        wanted = np.asarray(frame_ids, dtype=np.int64).reshape(-1)
        needed, place = np.unique(wanted, return_inverse=True)
        frames = np.empty((len(needed), *self.size, 3), dtype=np.uint8)
        for i, frame in enumerate(self.frames(needed)):
            frames[i] = frame
        return frames if np.array_equal(needed, wanted) else frames[place]

    def _truncated(self, wanted: int, found: int) -> VideoError:
        message = f'frame {wanted} was asked for, but only {found} frames can be decoded; the file is cut short or the'
        return VideoError(self.path, 'truncated', f'{message} annotation is longer than the video')


def open_video(path: str, backend: str = 'pyav', num_threads: int = 1) -> VideoReader:
    """Open a video. Both backends give the same frames, to the last bit.

    PyAV looks at every file first. The backend `'decord'` hands a file to decord only where that is exact
    (`PyAVReader.is_simple`: most H.264) and leaves the others to PyAV. PyAV passes over frames that no other refers to,
    which decord cannot, and so takes less time and memory (`tools/analysis_tools/benchmark_reading.py`).

    Args:
        path: The file.
        backend: `'pyav'` or `'decord'`.
        num_threads: Threads that decode; 1 suits data workers.

    Raises:
        VideoError: The file is missing, empty, or holds no video that can be decoded.
        ValueError: There is no such backend.
        ImportError: The backend is not installed.
    """
    if backend not in BACKENDS:
        raise ValueError(f"There is no video backend '{backend}'; use one of {BACKENDS}.")
    from .pyav_reader import PyAVReader

    reader = PyAVReader(path, num_threads)
    if backend == 'pyav' or not reader.is_simple:
        return reader
    from .decord_reader import DecordReader

    reader.close()
    return DecordReader(path, num_threads, reader.frame_count, reader.fps, reader.size)
