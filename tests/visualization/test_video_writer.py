import decord
import numpy as np
import pytest

from mmstvg.visualization import video_writer
from mmstvg.visualization.video_writer import write_video


def gradients(count, height, width):
    ramp = np.linspace(0, 200, width)[None, :, None] + np.zeros((height, 1, 3))
    return [(ramp + 5 * i).clip(0, 255).astype(np.uint8) for i in range(count)]


@pytest.mark.parametrize('h264', [True, False])
@pytest.mark.parametrize(('size', 'even'), [((48, 64), (48, 64)), ((49, 63), (50, 64))])
def test_frames_come_back(tmp_path, monkeypatch, h264, size, even):
    if h264 and not video_writer.has_h264():
        pytest.skip('PyAV has no libx264 here')
    monkeypatch.setattr(video_writer, 'has_h264', lambda: h264)
    frames = gradients(7, *size)
    assert write_video(tmp_path / 'new' / 'a.mp4', iter(frames), 12.5) == 7
    video = decord.VideoReader(str(tmp_path / 'new' / 'a.mp4'))
    assert len(video) == 7
    assert video.get_avg_fps() == 12.5
    assert video[0].shape == (*even, 3)
    for index, frame in enumerate(frames):
        read = video[index].asnumpy()[: size[0], : size[1]].astype(int)
        assert np.abs(read - frame).mean() < 4
    assert [p.name for p in (tmp_path / 'new').iterdir()] == ['a.mp4']


def test_same_frames_same_bytes(tmp_path):
    for name in 'ab':
        write_video(tmp_path / f'{name}.mp4', gradients(5, 32, 32), 10)
    assert (tmp_path / 'a.mp4').read_bytes() == (tmp_path / 'b.mp4').read_bytes()


@pytest.mark.parametrize(
    ('name', 'frames', 'fps', 'message'),
    [
        ('a.mp4', [], 10, 'no frames'),
        ('a.avi', gradients(1, 8, 8), 10, r'a\.avi'),
        ('a.mp4', gradients(1, 8, 8), 0, 'fps must be positive, got 0'),
        ('a.mp4', gradients(1, 8, 8) + gradients(1, 10, 8), 10, 'Frame 1'),
        ('a.mp4', [np.zeros((8, 8, 3))], 10, 'float64'),
    ],
)
def test_bad_input_is_named_and_leaves_nothing(tmp_path, name, frames, fps, message):
    with pytest.raises(ValueError, match=message):
        write_video(tmp_path / name, frames, fps)
    assert not list(tmp_path.iterdir())
