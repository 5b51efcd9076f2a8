import numpy as np
import pytest
from make_clip import make_clip
from make_video import decode_all, write_video

from mmstvg.datasets import DecodeFrames, open_video
from mmstvg.datasets.array_reader import ArrayReader


@pytest.mark.parametrize('kind', [np.asarray, list])
def test_frames(kind):
    clip = make_clip(0, 10, 32, 24)
    with ArrayReader(kind(clip), fps=5) as video:
        assert (video.frame_count, video.fps, video.size) == (10, 5.0, (24, 32))
        np.testing.assert_array_equal(video.read([7, 2, 2]), clip[[7, 2, 2]])
        with pytest.raises(ValueError, match='only 10 frames'):
            list(video.frames([10]))


@pytest.mark.parametrize(
    ('frames', 'fps', 'message'),
    [
        ([], 5, 'no frames'),
        (np.zeros((2, 4, 4, 3)), 5, 'frame 0 is float64'),
        (np.zeros((2, 4, 4), np.uint8), 5, r'\(4, 4\)'),
        (np.zeros((2, 4, 4, 4), np.uint8), 5, 'RGB'),
        ([np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5, 3), np.uint8)], 5, 'frame 1'),
        (np.zeros((2, 4, 4, 3), np.uint8), 0, 'fps must be positive'),
    ],
)
def test_wrong_frames_are_named(frames, fps, message):
    with pytest.raises(ValueError, match=message):
        ArrayReader(frames, fps)


def test_open_video_is_read_and_left_open(tmp_path):
    path = str(tmp_path / 'a.mp4')
    write_video(path, frames=12)
    frame_ids = np.array([1, 5, 11])
    with open_video(path) as video:
        results = [DecodeFrames()(dict(video_path='', video=video, frame_ids=frame_ids)) for _ in range(2)]
    expected = decode_all(path)[frame_ids].transpose(0, 3, 1, 2)
    for result in results:
        np.testing.assert_array_equal(result['imgs'].numpy(), expected)
        assert result['ori_shape'] == (64, 96)
