import numpy as np
import pytest

from mmstvg.structures import Tube


def tube():
    return Tube((2, 9), [2, 4, 8], [[0, 0, 10, 10], [4, 0, 14, 10], [8, 8, 18, 18]])


def test_boxes_between_known_frames_are_interpolated():
    boxes, covered = tube().boxes_at([1, 2, 3, 6, 8, 9])
    assert covered.tolist() == [False, True, True, True, True, False]
    assert boxes.tolist() == [[0] * 4, [0, 0, 10, 10], [2, 0, 12, 10], [6, 4, 16, 14], [8, 8, 18, 18], [0] * 4]


def test_known_boxes_are_not_interpolated():
    boxes, known = tube().known_at([3, 4, 20])
    assert known.tolist() == [False, True, False]
    assert boxes.tolist() == [[0] * 4, [4, 0, 14, 10], [0] * 4]


def test_no_known_box():
    empty = Tube((0, 5), [], [])
    for boxes, known in (empty.boxes_at([1, 2]), empty.known_at([1, 2])):
        assert boxes.shape == (2, 4)
        assert not known.any()


def test_flipping_twice_is_identity():
    flipped = tube().flip(20)
    assert flipped.boxes[0].tolist() == [10, 0, 20, 10]
    np.testing.assert_array_equal(flipped.flip(20).boxes, tube().boxes)


def test_merge_takes_the_hull_and_all_boxes():
    merged = tube().merge(Tube((0, 6), [3, 4], [[1, 1, 2, 2], [9, 9, 9, 9]]))
    assert merged.span == (0, 9)
    assert merged.frame_ids.tolist() == [2, 3, 4, 8]
    assert merged.boxes[1].tolist() == [1, 1, 2, 2]
    assert merged.boxes[2].tolist() == [4, 0, 14, 10]


def test_clip_drops_boxes_outside_and_keeps_the_span():
    clipped = Tube((0, 3), [0, 1, 2], [[-5, 2, 5, 40], [30, 0, 40, 9], [3, 3, 3, 9]]).clip(height=20, width=20)
    assert clipped.span == (0, 3)
    assert clipped.frame_ids.tolist() == [0]
    assert clipped.boxes.tolist() == [[0, 2, 5, 20]]


def test_from_dict():
    read = Tube.from_dict({'span': [2, 9], 'boxes': {'10': [4, 0, 14, 10], '2': [0, 0, 10.5, 10]}})
    assert read.span == (2, 9)
    assert read.frame_ids.tolist() == [2, 10]
    assert read.boxes.tolist() == [[0, 0, 10.5, 10], [4, 0, 14, 10]]


def test_precision_is_kept():
    assert Tube((0, 1), [0], [[0.1, 0, 1, 1]]).boxes.dtype == np.float64
    assert Tube((0, 1), [0], np.zeros((1, 4), np.float32)).boxes.dtype == np.float32
    assert Tube((0, 1), [0], [[0, 0, 1, 1]]).boxes.dtype == np.float32


@pytest.mark.parametrize(
    ('span', 'frames', 'message'),
    [((3, 3), [0], r'\(3, 3\)'), ((0, 3), [0, 1], '2 frames and 1 boxes'), ((0, 3), [1, 1], 'one box a frame')],
)
def test_bad_tubes_are_refused(span, frames, message):
    with pytest.raises(ValueError, match=message):
        Tube(span, frames, [[0, 0, 1, 1]])


def test_unsorted_frames_are_refused():
    with pytest.raises(ValueError, match='ascend'):
        Tube((0, 3), [1, 0], [[0, 0, 1, 1], [0, 0, 1, 1]])
