import numpy as np
import pytest

from mmstvg.datasets import open_video
from mmstvg.registry import VISUALIZERS
from mmstvg.structures import Tube
from mmstvg.visualization import TubeScene, TubeVisualizer, write_video
from mmstvg.visualization.time_panel import COLORS, TimePanel
from mmstvg.visualization.tube_visualizer import GAP

PRED = Tube((10, 20), [8, 24], np.tile([20, 10, 50, 40], (2, 1)))
TRUTH = Tube((12, 22), np.arange(12, 22), np.tile([60, 10, 90, 40], (10, 1)))


@pytest.fixture
def visualizer():
    return TubeVisualizer(name='test')


def scene(**changes):
    return TubeScene(**dict(dict(text='a dog', frame_count=40, fps=10.0, pred_tube=PRED, gt_tube=TRUTH), **changes))


def gray(height=60, width=100):
    return np.full((height, width, 3), 128, np.uint8)


def has_color(image, name):
    return (np.abs(image.astype(int) - COLORS[name]).max(axis=-1) < 8).any()


@pytest.mark.parametrize('width', [160, 320, 641, 1280, 1920, 2400])
def test_sizes(visualizer, width):
    picture = visualizer.draw_frame(gray(width // 2, width), 15, scene(text='word ' * 60))
    assert picture.dtype == np.uint8
    assert picture.shape[1] == min(max(width, 320), 1920)
    frame_height = round(width // 2 * picture.shape[1] / width)
    assert 50 < picture.shape[0] - frame_height < 310


def test_boxes_show_inside_their_spans(visualizer):
    for frame, names in ((9, []), (11, ['prediction']), (15, ['prediction', 'truth']), (21, ['truth'])):
        picture = visualizer.draw_frame(gray(), frame, scene())[:192]
        assert [name for name in ('prediction', 'truth') if has_color(picture, name)] == names


def test_box_stands_where_it_belongs(visualizer):
    picture = visualizer.draw_frame(
        gray(120, 640), 15, scene(pred_tube=Tube((0, 40), [0, 39], [[100, 20, 301, 90]] * 2))
    )
    rows, columns = np.nonzero(np.abs(picture[:120].astype(int) - COLORS['prediction']).max(axis=-1) < 8)
    assert (columns.min() + columns.max() + 1) / 2 == pytest.approx(200.5, abs=1)
    assert (rows.min() + rows.max() + 1) / 2 == pytest.approx(55, abs=1)
    assert columns.max() - columns.min() == pytest.approx(201, abs=3)


def test_boxes_of_rescaled_copies(visualizer):
    own = scene(pred_tube=Tube((0, 40), [0, 39], [[100, 20, 301, 90]] * 2))
    copy = scene(pred_tube=Tube((0, 40), [0, 39], [[200, 60, 602, 270]] * 2), ori_shape=(360, 1280))
    pictures = [visualizer.draw_frame(gray(120, 640), 30, one)[:120] for one in (own, copy)]
    assert np.array_equal(*pictures)


def test_boxes_far_outside_do_no_harm(visualizer):
    wild = Tube((0, 40), [0, 39], [[-1e9, -50, 1e12, 3e9]] * 2)
    visualizer.draw_frame(gray(), 15, scene(pred_tube=wild))


def test_time_bar_shows_both_spans(visualizer):
    still = TimePanel(scene(), 800, visualizer.renderer)
    strip = still.draw(0)
    for index, (name, tube) in enumerate((('truth', TRUTH), ('prediction', PRED))):
        top, bottom = still._bar(index)
        row = strip[(top + bottom) // 2, still.bar_left :]
        columns = np.flatnonzero(np.abs(row.astype(int) - COLORS[name]).max(axis=-1) == 0)
        length = 800 - still.margin - still.bar_left
        assert columns[0] == pytest.approx(tube.span[0] / 40 * length, abs=1)
        assert columns[-1] == pytest.approx(tube.span[1] / 40 * length, abs=1)


def test_strip_changes_with_the_frame_only(visualizer):
    panel = TimePanel(scene(), 400, visualizer.renderer)
    assert not np.array_equal(panel.draw(5), panel.draw(6))
    assert np.array_equal(panel.draw(5), panel.draw(5))
    assert TimePanel(scene(pred_tube=None, gt_tube=None), 400, visualizer.renderer).height < panel.height


def test_save(visualizer, tmp_path):
    source = tmp_path / 'a b.mp4'
    write_video(source, (gray(61, 101) for _ in range(40)), 10)
    with open_video(str(source)) as video:
        sheet = visualizer.save(tmp_path / 'new' / 'it', video, scene(), sheet_frames=6)
    assert sheet.shape[1] == pytest.approx(1600, abs=8)
    assert has_color(sheet, 'truth') and has_color(sheet, 'prediction')
    assert (tmp_path / 'new' / 'it.png').read_bytes()[:4] == b'\x89PNG'
    with open_video(str(tmp_path / 'new' / 'it.mp4')) as video:
        assert len(video) == 40
        assert video.fps == 10
        assert video.size[1] == 320


def test_contact_sheet_of_few_frames(visualizer):
    sheet = visualizer.contact_sheet([gray()] * 5, [0, 9, 15, 21, 39], scene(), columns=3, width=600)
    assert sheet.shape[1] == 600
    narrow = visualizer.contact_sheet([gray()] * 4, [0, 9, 15, 21], scene(), width=320)
    assert (narrow[:, 160 - GAP : 160] == 0).all(axis=(1, 2)).sum() > 200  # two columns of two pictures
    with pytest.raises(ValueError, match='at least one frame'):
        visualizer.contact_sheet([], [], scene())
    with pytest.raises(ValueError, match='argument'):
        visualizer.contact_sheet([gray()], [0, 9], scene())


def test_registered_with_backends(tmp_path):
    config = dict(
        type='TubeVisualizer', name='built', vis_backends=[dict(type='LocalVisBackend')], save_dir=str(tmp_path)
    )
    built = VISUALIZERS.build(config)
    built.add_scalar('loss', 1.0, 3)
    assert 'loss' in (tmp_path / 'vis_data' / 'scalars.json').read_text()


def test_bad_widths_are_named():
    with pytest.raises(ValueError, match='got 600 and 500'):
        TubeVisualizer(min_width=600, max_width=500)
