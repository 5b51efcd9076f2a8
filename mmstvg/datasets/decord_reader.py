"""Videos by decord."""

import os
from collections.abc import Iterator

import numpy as np

from .video_error import VideoError
from .video_reader import VideoReader


class DecordReader(VideoReader):
    """Videos by decord, which jumps to the last key frame and converts only the frames that are asked for.

    decord counts packets, so it is exact only where `PyAVReader.is_simple`: on open groups of pictures, cut copies,
    B-frames of MPEG-4, interlaced or 10-bit video it gives other frames without a word, and it cannot read AV1 or files
    without a duration. Use `open_video`, which knows.

    Args:
        path: The video file.
        num_threads: Threads that decode.
        frame_count: Number of frames, as `PyAVReader` found it.
        fps: Mean frames per second, likewise.
        size: `(height, width)`, likewise.

    Raises:
        VideoError: The file is missing, empty, or decord cannot open it.
        ImportError: decord is not installed.
    """

    def __init__(self, path: str, num_threads: int, frame_count: int, fps: float, size: tuple[int, int]):
        super().__init__(path)
        try:
            import decord
        except ImportError as error:
            raise ImportError("decord is not installed here; use backend='pyav'.") from error
        self.frame_count, self.fps, self.size = frame_count, fps, size
        self._errors = (decord.DECORDError, RuntimeError)
        try:
            self._reader = decord.VideoReader(os.path.abspath(self.path), num_threads=num_threads)
        except self._errors as error:
            raise self._undecodable(error) from error
        if len(self._reader) != frame_count:
            message = f"decord finds {len(self._reader)} frames, PyAV {frame_count}; use backend='pyav'"
            raise VideoError(self.path, 'undecodable', message)

    def close(self):
        """Close the file."""
        self._reader = None

    def _decode(self, frame_ids: np.ndarray) -> Iterator[np.ndarray]:
        for frame_id in frame_ids:
            try:
                yield self._reader[int(frame_id)].asnumpy()
            except self._errors as error:
                raise self._undecodable(error) from error

    def _undecodable(self, error: Exception) -> VideoError:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return VideoError(self.path, 'undecodable', f'decord cannot decode it ({lines[-1].strip()})')
