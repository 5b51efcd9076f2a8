import numpy as np
import pytest

from mmstvg.datasets import RandomTemporalCrop, SampleFramesByFPS, SampleFramesUniform
from mmstvg.structures import Tube


def tube(start, end):
    frames = np.arange(start, end)
    return Tube((start, end), frames, np.tile([1, 2, 3, 4], (len(frames), 1)))


def by_fps(segment, fps, target, **options):
    return SampleFramesByFPS(target, **options)(dict(segment=segment, fps=fps))['frame_ids'].tolist()


def test_by_fps_follows_the_rule_of_the_reference():
    """The rule as it is written: a loop that compares with the last kept frame."""
    for count in (1, 2, 3, 150, 299, 400, 601):
        for target in (3.2, 6.4, 50.0):
            rate = target / (count / 20)
            kept = [0]
            for i in range(1, count):
                if np.floor(i * rate) > np.floor(kept[-1] * rate) or i == count - 1:
                    kept.append(i)
            assert by_fps((0, count), count / 20, target) == kept
            assert by_fps((7, 7 + count), count / 20, target) == [7 + i for i in kept]


def test_number_of_frames():
    assert len(by_fps((0, 599), 30, 3.2)) == 65
    assert len(by_fps((0, 599), 30, 6.4)) == 129
    results = SampleFramesUniform(128)(dict(segment=(100, 400)))
    assert len(results['frame_ids']) == 128
    assert (results['frame_ids'][0], results['frame_ids'][-1]) == (100, 399)
    assert SampleFramesUniform(128)(dict(segment=(100, 200)))['frame_ids'].tolist() == list(range(100, 200))
    assert SampleFramesUniform(1)(dict(segment=(100, 200)))['frame_ids'].tolist() == [100]


@pytest.mark.parametrize('sampler', [SampleFramesByFPS(6.4), SampleFramesUniform(64)])
def test_empty_segment(sampler):
    with pytest.raises(ValueError, match=r'Item 3 \(a.mp4\).*5\.\.5'):
        sampler(dict(segment=(5, 5), fps=25, item_id=3, video_path='a.mp4'))


def test_bad_arguments():
    for make in (lambda: SampleFramesByFPS(0), lambda: SampleFramesUniform(0), lambda: RandomTemporalCrop(1.5)):
        with pytest.raises(ValueError, match='must'):
            make()
    with pytest.raises(ValueError, match='0 frames a second'):
        by_fps((0, 5), 0, 3.2)


@pytest.mark.parametrize('make', [lambda keep: SampleFramesByFPS(1, keep), lambda keep: SampleFramesUniform(9, keep)])
def test_event_between_two_frames(make):
    """Training keeps a frame of every event; testing does not look at the event."""
    for start in range(0, 500, 7):
        item = dict(segment=(0, 500), fps=25, gt_tube=tube(start, start + 3))
        blind = make(False)(dict(item))['frame_ids']
        kept = make(True)(dict(item))['frame_ids']
        assert len(blind) == len(kept)
        assert (np.diff(kept) > 0).all()
        assert item['gt_tube'].contains(kept).any()
        if item['gt_tube'].contains(blind).any():
            assert np.array_equal(blind, kept)
    without_truth = make(True)(dict(segment=(0, 500), fps=25))['frame_ids']
    assert np.array_equal(without_truth, blind)


def test_kept_frame_has_a_box():
    gappy = Tube((100, 110), [101], [[1, 2, 3, 4]])
    frames = SampleFramesUniform(4, keep_event=True)(dict(segment=(0, 400), gt_tube=gappy))['frame_ids']
    assert frames.tolist() == [0, 101, 266, 399]
    without_boxes = Tube((100, 110), [], np.empty((0, 4)))
    frames = SampleFramesUniform(4, keep_event=True)(dict(segment=(0, 400), gt_tube=without_boxes))['frame_ids']
    assert frames.tolist() == [0, 105, 266, 399]


def test_crop_of_sampled_frames():
    np.random.seed(0)
    frames = np.arange(0, 100, 5)
    starts, ends = set(), set()
    for _ in range(400):
        cropped = RandomTemporalCrop(1.0)(dict(frame_ids=frames, gt_tube=tube(31, 72)))['frame_ids']
        assert np.array_equal(cropped, np.arange(cropped[0], cropped[-1] + 1, 5))
        starts.add(int(cropped[0]))
        ends.add(int(cropped[-1]))
    assert starts == set(range(0, 31, 5))
    assert ends == set(range(75, 100, 5))


def test_crop_of_the_segment():
    np.random.seed(0)
    found = [RandomTemporalCrop(1.0)(dict(segment=(10, 30), gt_tube=tube(14, 26)))['segment'] for _ in range(300)]
    assert {start for start, _ in found} == {10, 11, 12, 13}
    assert {end for _, end in found} == {27, 28, 29, 30}


def test_crop_where_nothing_lies_beside_the_event():
    for event in (tube(0, 100), tube(0, 96), tube(10, 100)):
        frames = np.arange(0, 100, 5)
        cropped = RandomTemporalCrop(1.0)(dict(frame_ids=frames, gt_tube=event))['frame_ids']
        inside = event.contains(frames)
        assert event.contains(cropped).sum() == inside.sum()


def test_crop_with_probability_and_without_truth():
    np.random.seed(0)
    frames = np.arange(0, 100, 5)
    full = [len(RandomTemporalCrop(0.5)(dict(frame_ids=frames, gt_tube=tube(45, 55)))['frame_ids']) for _ in range(400)]
    assert 0.4 < np.mean([length == 20 for length in full]) < 0.6
    assert RandomTemporalCrop(1.0)(dict(frame_ids=frames))['frame_ids'] is frames
