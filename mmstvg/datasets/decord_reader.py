"""Videos by decord."""

from collections.abc import Iterator

import numpy as np

from .video_error import VideoError
from .video_reader import VideoReader


class DecordReader(VideoReader):
    """Videos by decord, which seeks to the nearest key frame and converts only the frames that are asked for.

    Args:
        path: The video file.
        num_threads: Threads that decode.

    Raises:
        VideoError: The file is missing, empty, or decord cannot open it.
        ImportError: decord is not installed.
    """

    def __init__(self, path: str, num_threads: int = 1):
        super().__init__(path)
        try:
            import decord
        except ImportError as error:
            raise ImportError("decord is not installed here; use backend='pyav' (pip install av).") from error
        try:
            self._reader = decord.VideoReader(self.path, num_threads=num_threads)
            self.frame_count = len(self._reader)
            self.fps = float(self._reader.get_avg_fps())
            self.size = self._reader[0].shape[:2]
        except (decord.DECORDError, RuntimeError, IndexError) as error:
            first_line = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
            raise VideoError(self.path, 'undecodable', f'decord cannot read it ({first_line})') from error

    def close(self):
        """Close the file."""
        self._reader = None

    def _decode(self, frame_ids: np.ndarray) -> Iterator[np.ndarray]:
        for frame_id in frame_ids:
            yield self._reader[int(frame_id)].asnumpy()
