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
    - video (optional: an open `VideoReader`, asked in place of `video_path` and left open)
    - gt_tube (optional)
    - duration (optional: seconds of the video; with the number of frames they then give the frame rate)
    - unused_frames (optional: how many at the end stay outside the segment)

    Modified Keys:

    - gt_tube (boxes are cut to the frame where its size was not known before)

    Added Keys (each only where absent):

    - frame_count
    - fps
    - ori_shape
    - segment (the whole video but the unused frames)

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
            if 'video' in results:
                self._fill(results, results['video'])
            else:
                with open_video(results['video_path'], self.backend) as video:
                    self._fill(results, video)
        if 'segment' not in results:
            results['segment'] = (0, max(results['frame_count'] - results.get('unused_frames', 0), 1))
        return results

    def _fill(self, results: dict, video: VideoReader):
        tube = results.get('gt_tube')
        if tube is not None and tube.span[1] > video.frame_count:
            message = f'it has {video.frame_count} frames, but the event is frames {tube.span[0]} to {tube.span[1] - 1}'
            raise VideoError(video.path, 'truncated', message)
        if tube is not None and 'ori_shape' not in results:
            results['gt_tube'] = tube.clip(*video.size)
        results.setdefault('frame_count', video.frame_count)
        duration = results.get('duration')
        results.setdefault('fps', video.fps if duration is None else video.frame_count / duration)
        results.setdefault('ori_shape', video.size)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(backend='{self.backend}')"
