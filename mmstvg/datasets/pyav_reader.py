"""Videos by PyAV."""

from collections.abc import Iterator

import numpy as np

from .video_error import VideoError
from .video_reader import VideoReader


class PyAVReader(VideoReader):
    """Videos by PyAV, decoded in order from the start.

    Args:
        path: The video file.
        num_threads: Threads that decode.

    Raises:
        VideoError: The file is missing, empty, or holds no video that can be decoded.
        ImportError: PyAV is not installed.
    """

    def __init__(self, path: str, num_threads: int = 1):
        super().__init__(path)
        try:
            import av
        except ImportError as error:
            raise ImportError("PyAV is not installed here (pip install av); or use backend='decord'.") from error
        self._num_threads = num_threads
        try:
            with av.open(self.path) as file:
                self.frame_count = sum(packet.pts is not None for packet in file.demux(video=0))
                self.fps = float(file.streams.video[0].average_rate)
                self.size = (file.streams.video[0].height, file.streams.video[0].width)
        except (av.FFmpegError, IndexError) as error:
            raise VideoError(self.path, 'undecodable', f'PyAV cannot read it ({error})') from error

    def close(self):
        """Close the file."""

    def _decode(self, frame_ids: np.ndarray) -> Iterator[np.ndarray]:
        import av

        wanted = set(frame_ids.tolist())
        with av.open(self.path) as file:
            for i, frame in enumerate(file.decode(video=0)):
                if i in wanted:
                    yield frame.to_ndarray(format='rgb24')
                if i == frame_ids[-1]:
                    return
        raise self._truncated(int(frame_ids[-1]), i + 1)
