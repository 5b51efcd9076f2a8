"""Frame count, frame rate and size from the file, where the annotation does not say them."""

from mmcv.transforms import BaseTransform

from mmstvg.registry import TRANSFORMS

from ..video_error import VideoError
from ..video_reader import VideoReader, open_video


@TRANSFORMS.register_module()
class LoadVideoInfo(BaseTransform):
    """Ask the video for what the annotation does not say. Does not open it where nothing is missing.

    Required Keys:

    - video_path
    - gt_tube (optional)

    Modified Keys:

    - gt_tube (boxes are cut to the frame where its size was not known before)

    Added Keys (each only where absent):

    - frame_count
    - fps
    - ori_shape
    - segment (the whole video)

    Args:
        backend: `'pyav'` or `'decord'`.

    Raises:
        VideoError: The video cannot be read, or ends before the annotated event does.
    """

    def __init__(self, backend: str = 'pyav'):
        self.backend = backend

    def transform(self, results: dict) -> dict:
        """Fill in what is missing."""
        needed = {'fps', 'ori_shape'} if 'segment' in results else {'fps', 'ori_shape', 'frame_count'}
        if needed - results.keys():
            with open_video(results['video_path'], self.backend) as video:
                self._fill(results, video)
        results.setdefault('segment', (0, results.get('frame_count')))
        return results

    @staticmethod
    def _fill(results: dict, video: VideoReader):
        tube = results.get('gt_tube')
        if tube is not None and tube.span[1] > video.frame_count:
            message = f'it has {video.frame_count} frames, but the event is frames {tube.span[0]} to {tube.span[1] - 1}'
            raise VideoError(video.path, 'truncated', message)
        if tube is not None and 'ori_shape' not in results:
            results['gt_tube'] = tube.clip(*video.size)
        results.setdefault('frame_count', video.frame_count)
        results.setdefault('fps', video.fps)
        results.setdefault('ori_shape', video.size)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(backend='{self.backend}')"
