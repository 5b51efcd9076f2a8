"""Videos whose frames are in memory already."""

from collections.abc import Iterator, Sequence

import numpy as np

from .video_reader import VideoReader


class ArrayReader(VideoReader):
    """Frames in memory behind the interface of a video file.

    Args:
        frames: RGB uint8, `(n, H, W, 3)` or a sequence of `(H, W, 3)`, at least one.
        fps: Frames a second.
        path: What errors call it.

    Raises:
        ValueError: There are no frames, they are not RGB uint8 of one size, or `fps` is not positive.
    """

    def __init__(self, frames: np.ndarray | Sequence[np.ndarray], fps: float, path: str = 'array of frames'):
        # The base class looks for a file.
        if len(frames) == 0:
            raise ValueError(f'{path}: there are no frames.')
        shape = np.shape(frames[0])
        for index, frame in enumerate(frames):
            if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8 or frame.shape != shape:
                found = f'{getattr(frame, "dtype", type(frame).__name__)} {np.shape(frame)}'
                raise ValueError(f'{path}: frame {index} is {found}; frames are RGB uint8 (H, W, 3) of one size.')
        if len(shape) != 3 or shape[2] != 3 or 0 in shape:
            raise ValueError(f'{path}: its frames are {shape}; frames are RGB uint8 (H, W, 3).')
        if not fps > 0:
            raise ValueError(f'{path}: fps must be positive, got {fps}.')
        self.path = path
        self.frame_count, self.fps, self.size = len(frames), float(fps), shape[:2]
        self._frames = frames

    def close(self):
        """Nothing to close."""

    def _decode(self, frame_ids: np.ndarray) -> Iterator[np.ndarray]:
        # A frame may be a view, such as BGR turned into RGB, and resizing takes no negative steps.
        return (np.ascontiguousarray(self._frames[index]) for index in frame_ids)
