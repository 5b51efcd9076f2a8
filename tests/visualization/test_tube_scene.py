import numpy as np
import pytest

from mmstvg.structures import Tube
from mmstvg.visualization import TubeScene

PRED = Tube((10, 20), [8, 24], [[0, 0, 16, 16], [16, 0, 32, 16]])
TRUTH = Tube((12, 22), np.arange(12, 22), np.tile([5, 0, 21, 16], (10, 1)))


def test_boxes_show_inside_the_span_only():
    scene = TubeScene('a dog', 40, pred_tube=PRED)
    assert scene.box_at('prediction', 12).tolist() == [4, 0, 20, 16]
    assert scene.box_at('prediction', 9) is None
    assert scene.box_at('prediction', 20) is None
    broken = TubeScene('a dog', 40, pred_tube=Tube((0, 5), [0], [[0, 0, np.nan, 1]]))
    assert broken.box_at('prediction', 0) is None
    assert broken.box_at('prediction', 3) is None


def test_labels():
    scene = TubeScene('a dog', 40, 10.0, PRED, TRUTH, 0.5)
    assert list(scene.tubes) == ['truth', 'prediction']
    assert scene.span_label('truth') == 'truth 1.2–2.2 s'
    assert scene.frame_label(15) == 'frame 15  1.50 s'
    assert scene.result_label() == 'score 0.50  vIoU 0.53'
    bare = TubeScene('a dog', 40, pred_tube=PRED)
    assert bare.span_label('prediction') == 'prediction 10–19'
    assert bare.frame_label(15) == 'frame 15'
    assert bare.result_label() == ''


def test_sheet_frames_cover_video_and_spans():
    assert TubeScene('a dog', 40).sheet_frames(4).tolist() == [0, 13, 26, 39]
    assert TubeScene('a dog', 40, pred_tube=PRED, gt_tube=TRUTH).sheet_frames(8).tolist() == [
        0,
        10,
        13,
        14,
        17,
        21,
        26,
        39,
    ]
    assert TubeScene('a dog', 1).sheet_frames(8).tolist() == [0]
    beyond = TubeScene('a dog', 15, pred_tube=PRED).sheet_frames(5)
    assert beyond.max() == 14
    assert TubeScene('a dog', 40, pred_tube=PRED).sheet_frames(1).tolist() == [0]


@pytest.mark.parametrize(
    ('values', 'message'),
    [(dict(frame_count=0), 'frame_count=0'), (dict(frame_count=3, fps=0), 'fps must be positive')],
)
def test_bad_scenes_are_named(values, message):
    with pytest.raises(ValueError, match=message):
        TubeScene('a dog', **values)


def test_no_frames_for_a_sheet():
    with pytest.raises(ValueError, match='at least one frame, got 0'):
        TubeScene('a dog', 3).sheet_frames(0)
