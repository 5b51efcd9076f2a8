"""Decoding of the chosen frames."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from mmcv.transforms import BaseTransform

from mmstvg.registry import TRANSFORMS

from ..video_error import VideoError
from ..video_reader import VideoReader, open_video


@TRANSFORMS.register_module()
class DecodeFrames(BaseTransform):
    """Decode only the frames in `frame_ids`, resizing each as it comes where `resize` is given.

    A frame is decoded while the one before is resized. Memory then holds these two and the resized ones, however long
    the video is.

    Required Keys:

    - video_path
    - frame_ids
    - video (optional: an open `VideoReader`, read in place of `video_path` and left open)

    Added Keys:

    - imgs (`(T, 3, H, W)` uint8, or what `resize` makes)
    - img_shape (`(H, W)` of `imgs`)
    - ori_shape (only where absent: an annotation's own size stays the one that boxes refer to)

    Args:
        backend: `'pyav'` or `'decord'`.
        num_threads: Threads that decode.
        resize: Config of a `ResizeClip`, or None.

    Raises:
        VideoError: The video cannot be read, holds fewer frames than planned, or lies on its side.
    """

    def __init__(self, backend: str = 'pyav', num_threads: int = 1, resize: dict | None = None):
        self.backend = backend
        self.num_threads = num_threads
        self.resize = None if resize is None else TRANSFORMS.build(resize)

    def transform(self, results: dict) -> dict:
        """Add `imgs`."""
        if 'video' in results:
            return self._add_frames(results, results['video'])
        with open_video(results['video_path'], self.backend, self.num_threads) as video:
            return self._add_frames(results, video)

    def _add_frames(self, results: dict, video: VideoReader) -> dict:
        self._check_orientation(video, results.setdefault('ori_shape', video.size))
        results['imgs'] = imgs = self._decode(video, results['frame_ids'])
        results['img_shape'] = tuple(imgs.shape[-2:])
        return results

    def _decode(self, video: VideoReader, frame_ids: np.ndarray) -> torch.Tensor:
        imgs = None
        for i, frame in enumerate(_one_ahead(video.frames(frame_ids))):
            img = torch.from_numpy(frame).permute(2, 0, 1)[None]  # 1 3 H W
            if self.resize is not None:
                img = self.resize.resize(img)
            if imgs is None:
                imgs = img.new_empty(len(frame_ids), *img.shape[1:])  # T 3 H W
            imgs[i] = img[0]
        return imgs

    @staticmethod
    def _check_orientation(video, ori_shape: tuple[int, int]):
        """Upright against lying; other differences of size are those of a rescaled copy."""
        (height, width), (ori_height, ori_width) = video.size, ori_shape
        if (height - width) * (ori_height - ori_width) < 0:
            message = f'its frames are {width}x{height} pixels, but the annotation says {ori_width}x{ori_height}'
            raise VideoError(video.path, 'orientation', f'{message}; boxes would lie elsewhere')

    def __repr__(self) -> str:
        return f"{type(self).__name__}(backend='{self.backend}', num_threads={self.num_threads}, resize={self.resize})"


def _one_ahead(frames: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """The same frames, each decoded by another thread while the one before is in use."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, frames, None)
        while (frame := coming.result()) is not None:
            coming = pool.submit(next, frames, None)
            yield frame
