"""Frame count, frame rate and size from the file, where the annotation does not say them."""

from mmcv.transforms import BaseTransform

from mmstvg.registry import TRANSFORMS

from ..video_reader import open_video


@TRANSFORMS.register_module()
class LoadVideoInfo(BaseTransform):
    """Ask the video for what the annotation does not say. Does not open it where nothing is missing.

    Required Keys:

    - video_path

    Added Keys (each only where absent):

    - frame_count
    - fps
    - ori_shape
    - segment (the whole video)

    Args:
        backend: `'decord'` or `'pyav'`.

    Raises:
        VideoError: The video cannot be read.
    """

    def __init__(self, backend: str = 'decord'):
        self.backend = backend

    def transform(self, results: dict) -> dict:
        """Fill in what is missing."""
        needed = ['fps', 'ori_shape'] if 'segment' in results else ['fps', 'ori_shape', 'frame_count']
        if any(key not in results for key in needed):
            with open_video(results['video_path'], self.backend) as video:
                found = dict(frame_count=video.frame_count, fps=video.fps, ori_shape=video.size)
            results.update({key: value for key, value in found.items() if key not in results})
        results.setdefault('segment', (0, results.get('frame_count')))
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}(backend='{self.backend}')"
