"""Timelines, gifs, heat maps."""

import numpy as np
import pytest
from PIL import Image

from mmstvg.datasets.array_reader import ArrayReader
from mmstvg.structures import FrameScores, Tube
from mmstvg.visualization import TubeScene, TubeVisualizer, draw_timeline, overlay_heat, write_gif
from mmstvg.visualization.timeline import _LINES

FRAMES = np.arange(0, 100, 4)
TUBE = Tube((40, 60), [0, 99], [[10, 10, 40, 40]] * 2)


def scores(confidence=True):
    values = np.linspace(0.2, 0.8, len(FRAMES)).astype(np.float32)
    return FrameScores(FRAMES, values[::-1] / 10, values / 10, values, 1 - values if confidence else None)


def scene(**changes):
    return TubeScene(**dict(dict(text='a dog', frame_count=100, fps=10.0, pred_tube=TUBE), **changes))


def has_color(image, color):
    return (np.abs(image.astype(int) - color).max(axis=-1) < 8).any()


@pytest.mark.parametrize('width', [300, 640, 1920])
def test_timeline(width):
    picture = draw_timeline(scene(text='a dog ' * 2000, gt_tube=TUBE), scores(), width)
    assert picture.dtype == np.uint8
    assert picture.shape[1:] == (width, 3)
    assert all(has_color(picture, color) for color, _ in _LINES.values())


def test_timeline_without_confidence_and_rate():
    picture = draw_timeline(scene(fps=None), scores(confidence=False))
    assert not has_color(picture, _LINES['confidence'][0])
    with pytest.raises(ValueError, match='at least 300'):
        draw_timeline(scene(), scores(), 299)


def test_gif_shows_the_event(tmp_path):
    video = ArrayReader(np.zeros((100, 30, 40, 3), np.uint8), 10)
    visualizer = TubeVisualizer(name='gif')
    assert visualizer.write_gif(tmp_path / 'a.gif', video, scene(), width=120) == 26  # 20 frames and 3 on each side
    with Image.open(tmp_path / 'a.gif') as image:
        assert (image.n_frames, image.width, image.info['duration'], image.info['loop']) == (26, 120, 100, 0)
    assert visualizer.write_gif(tmp_path / 'b.gif', video, scene(), width=120, max_frames=7) <= 8
    assert visualizer.write_gif(tmp_path / 'c.gif', video, scene(pred_tube=None), width=120, max_frames=10) == 10
    assert {path.name for path in tmp_path.iterdir()} == {'a.gif', 'b.gif', 'c.gif'}


def test_bad_gifs_are_named(tmp_path):
    image = np.zeros((4, 4, 3), np.uint8)
    for name, frames, fps, message in (
        ('a.png', [image], 5, 'written as .gif'),
        ('a.gif', [], 5, 'no frames'),
        ('a.gif', [image], 51, 'at most 50'),
    ):
        with pytest.raises(ValueError, match=message):
            write_gif(tmp_path / name, frames, fps)


def test_heat_is_brightest_where_attention_is():
    image = np.full((60, 80, 3), 100, np.uint8)
    heat = np.zeros((6, 8))
    heat[4, 1] = 0.3
    picture = overlay_heat(image, heat).astype(int)
    light = picture.sum(axis=-1)
    row, column = np.unravel_index(light.argmax(), light.shape)
    assert (row // 10, column // 10) == (4, 1)
    assert light[5, 75] < image[0, 0].sum()
    np.testing.assert_array_equal(overlay_heat(image, np.zeros((6, 8)))[0], overlay_heat(image, np.zeros((6, 8)))[-1])
