import numpy as np
import pytest

from mmstvg.apis.window_search import (
    ClipAnswer,
    choose,
    join_cut_event,
    plan_second_look,
    plan_windows,
    scores_over_video,
)
from mmstvg.structures import FrameScores, Tube


def answer(clip, span, score=0.5, level=0.5):
    frames = np.arange(*clip, 2)
    values = np.full(len(frames), level, np.float32)
    tube = Tube(span, frames, np.tile([1.0, 2.0, 3.0, 4.0], (len(frames), 1)))
    return ClipAnswer(clip, tube, score, FrameScores(frames, values, values, values, values))


@pytest.mark.parametrize('length', [1, 7, 100])
@pytest.mark.parametrize('frames', [1, 99, 125, 126, 150, 1000, 18000])
@pytest.mark.parametrize('start', [0, 13])
def test_windows_cover_the_video(start, frames, length):
    segment = (start, start + frames)
    windows = plan_windows(segment, length)
    if frames <= 1.25 * length:
        assert windows == [segment]
        return
    assert all(end - first == length for first, end in windows)
    starts = [first for first, _ in windows]
    assert (starts[0], windows[-1][1]) == segment
    assert max(np.diff(starts)) <= (length + 1) / 2
    assert len(windows) <= 2 * frames / length + 1


def test_event_of_half_a_window_lies_whole_in_a_window():
    windows = plan_windows((0, 1000), 100)
    for start in range(0, 950):
        assert any(first <= start and start + 50 <= end for first, end in windows)


SEGMENT = (0, 400)
WINDOWS = [(0, 100), (50, 150), (100, 200), (150, 250), (200, 300), (250, 350), (300, 400)]


def answers_of(spans, best):
    return [
        answer(clip, span, score=0.1 * i, level=0.9 if i == best else 0.3)
        for i, (clip, span) in enumerate(zip(WINDOWS, spans, strict=True))
    ]


def test_highest_actioness_in_the_span_wins_whatever_the_score():
    spans = [(20, 40), (70, 90), (120, 160), (160, 180), (220, 240), (270, 280), (310, 320)]
    answers = answers_of(spans, best=2)
    assert join_cut_event(answers, SEGMENT) is answers[2]
    assert answers[2].evidence() == pytest.approx(np.log(9))


def test_evidence_tells_sure_answers_apart_and_reads_the_span_alone():
    frames = np.arange(0, 100, 2)
    sure, surer = np.full(50, 0.1, np.float32), np.full(50, 0.9, np.float32)
    sure[10:20], surer[10:20] = 0.999, 0.9999
    tube = Tube((20, 40), frames, np.zeros((50, 4)))
    found = [
        ClipAnswer((0, 100), tube, 0.5, FrameScores(frames, level, level, level, None)).evidence()
        for level in (sure, surer, np.ones(50, np.float32), np.zeros(50, np.float32))
    ]
    assert found[:2] == pytest.approx([np.log(999), np.log(9999)], abs=0.01)
    assert found[2:] == pytest.approx([np.log(1e6), -np.log(1e6)], abs=0.01)


def test_answer_is_looked_at_once_more_in_the_middle():
    clip = (100, 200)
    assert plan_second_look(answer(clip, (130, 170)), SEGMENT, 100) == clip
    assert plan_second_look(answer(clip, (120, 160)), SEGMENT, 100) == (90, 190)
    assert plan_second_look(answer(clip, (95, 196)), SEGMENT, 100) is None


def test_cut_event_that_fits_a_window_is_looked_at_once_more():
    spans = [(20, 40), (70, 90), (170, 200), (160, 230), (220, 240), (270, 280), (310, 320)]
    answers = answers_of(spans, best=2)
    joined = join_cut_event(answers, SEGMENT)
    assert (joined.tube.span, joined.clip, joined.score) == ((160, 230), (100, 250), answers[2].score)
    assert plan_second_look(joined, SEGMENT, 100) == (145, 245)
    right, other = answer((145, 245), (165, 228)), answer((145, 245), (231, 240))
    assert choose(joined, right) is right
    assert choose(joined, other) is joined


def test_cut_event_without_a_fitting_neighbour_is_looked_at_once_more():
    spans = [(20, 40), (70, 90), (170, 200), (210, 230), (220, 240), (270, 280), (310, 320)]
    answers = answers_of(spans, best=2)
    joined = join_cut_event(answers, SEGMENT)
    assert joined is answers[2]
    assert plan_second_look(joined, SEGMENT, 100) == (135, 235)


def test_event_longer_than_a_window_is_joined_from_all_that_show_it():
    spans = [(20, 40), (90, 150), (100, 200), (150, 250), (200, 290), (262, 280), (310, 320)]
    answers = answers_of(spans, best=3)
    joined = join_cut_event(answers, SEGMENT)
    assert joined.tube.span == (90, 290)
    assert joined.clip == (50, 300)
    np.testing.assert_array_equal(joined.tube.frame_ids, np.arange(50, 300, 2))
    assert plan_second_look(joined, SEGMENT, 100) is None


def test_ends_of_the_video_cut_nothing():
    spans = [(0, 40), (70, 90), (130, 170), (160, 180), (220, 240), (270, 280), (380, 400)]
    for best in (0, 6):
        answers = answers_of(spans, best)
        joined = join_cut_event(answers, SEGMENT)
        assert joined is answers[best]
        assert plan_second_look(joined, SEGMENT, 100) == joined.clip


def test_scores_of_the_whole_video():
    answers = [answer(clip, (clip[0], clip[1]), level=0.1 * i) for i, clip in enumerate(WINDOWS)]
    final = answer((145, 245), (160, 200), level=1.0)
    scores = scores_over_video(answers, final)
    assert (np.diff(scores.frame_ids) > 0).all()
    assert (scores.frame_ids[0], scores.frame_ids[-1]) == (0, 398)
    inside = (scores.frame_ids >= 145) & (scores.frame_ids < 245)
    np.testing.assert_array_equal(scores.start > 0, inside)
    np.testing.assert_array_equal(scores.actioness == 1, inside)
    at = dict(zip(scores.frame_ids.tolist(), scores.actioness.tolist(), strict=True))
    assert [at[f] for f in (0, 74, 76, 124, 276, 398)] == pytest.approx([0, 0, 0.1, 0.1, 0.5, 0.6])


def test_scores_of_one_clip_are_its_own():
    only = answer((0, 60), (10, 20))
    scores = scores_over_video([only], only)
    np.testing.assert_array_equal(scores.frame_ids, only.frames.frame_ids)
    np.testing.assert_array_equal(scores.start, only.frames.start)
