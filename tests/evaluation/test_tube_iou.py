import numpy as np
import pytest
from tube_cases import recorded, still_tube, tubes

from mmstvg.evaluation.tube_iou import box_iou, frame_ious, score_tube, span_iou
from mmstvg.structures import Tube


@pytest.mark.parametrize('name', ['hcstvg', 'vidstg'])
def test_recorded_items(name):
    case = recorded(name)
    for item in case['items']:
        score = score_tube(*tubes(item))._asdict()
        expected = case['per_item'][str(item['id'])]
        assert score == pytest.approx(expected, abs=1e-6), item['id']


def test_box_iou():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 4, 4], [5, 5, 5, 9], [9, 0, 1, 5], [0, 0, np.nan, 4]])
    others = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [8, 8, 9, 9], [5, 5, 5, 9], [9, 0, 1, 5], [0, 0, 4, 4]])
    assert box_iou(boxes, others).tolist() == pytest.approx([1, 1 / 3, 0, 0, 0, 0])
    assert box_iou(np.zeros((0, 4)), np.zeros((0, 4))).shape == (0,)


@pytest.mark.parametrize(
    ('pred', 'published', 'inclusive'),
    [
        ((10, 20), 9 / 10, 1),  # exactly the annotated frames
        ((10, 19), 1, 9 / 10),
        ((15, 25), 4 / 15, 5 / 15),
        ((19, 29), 0, 1 / 19),  # shares the last annotated frame only
        ((20, 30), 0, 0),
        ((0, 40), 9 / 40, 10 / 40),
    ],
)
def test_span_conventions(pred, published, inclusive):
    gt = (10, 20)
    assert span_iou(pred, gt) == pytest.approx(published)
    assert span_iou(pred, gt, 'inclusive') == pytest.approx(inclusive)
    for convention, value in (('published', published), ('inclusive', inclusive)):
        score = score_tube(still_tube(pred, (0, 50)), still_tube(gt), convention)
        assert score == pytest.approx((value, value, 1))


def test_one_frame_event():
    gt = still_tube((7, 8))
    assert score_tube(still_tube((7, 8)), gt) == (0, 0, 1)
    assert score_tube(still_tube((7, 8)), gt, 'inclusive') == (1, 1, 1)


def test_frame_without_predicted_box_counts_zero():
    gt = still_tube((10, 20))
    pred = still_tube((10, 20), frames=range(15, 20))
    assert frame_ious(pred, gt).tolist() == [0] * 5 + [1] * 5
    assert score_tube(pred, gt, 'inclusive') == (1, 0.5, 0.5)
    assert score_tube(Tube((10, 20), [], []), gt, 'inclusive') == (1, 0, 0)


def test_boxes_between_sampled_frames_are_interpolated():
    gt = Tube((0, 11), np.arange(11), [[f, 0, f + 10, 10] for f in range(11)])
    pred = Tube((0, 11), [0, 10], [[0, 0, 10, 10], [10, 0, 20, 10]])
    assert frame_ious(pred, gt) == pytest.approx(np.ones(11), abs=1e-6)


def test_unannotated_frames():
    """A gap in the annotated boxes lowers vIoU and leaves gt_vIoU alone; boxes outside the span do not count."""
    gt = Tube((10, 20), [5, *range(10, 15)], np.tile([10, 10, 30, 30], (6, 1)))
    assert score_tube(still_tube((10, 20), (0, 30)), gt, 'inclusive') == (1, 0.5, 1)
    empty = Tube((10, 20), [], [])
    assert score_tube(still_tube((10, 20)), empty, 'inclusive') == (1, 0, 0)


def test_unknown_convention_is_named():
    with pytest.raises(ValueError, match="'challenge'"):
        score_tube(still_tube((0, 5)), still_tube((0, 5)), 'challenge')
