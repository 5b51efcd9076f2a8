"""The rule by which a video longer than the clips of training is searched.

1. A video of up to 1.25 windows is one clip.
2. A longer one is cut into windows of equal length, each of which starts at most half a window after the one before: an
   event of up to half a window lies whole in one of them. Each is answered like a video of its own, with the frames
   that the test pipeline samples from it, or every n-th of them where the model runs on n interleaved clips: as many
   as in training, for an n-th of the time.
3. The answer wins whose span has the highest mean log-odds of actioness: that is what a model is trained to tell the
   event from the rest of a video by. Its probabilities are all close to 1 where it is sure, and the confidence, the
   other part of a score, is about the box.
4. Where its span comes nearer than a tenth of a window to a border behind which the video goes on, the event may be
   cut. The answer of the window behind that border is joined to it if their spans meet, and so on.
5. A span that fits into one window is looked at once more, with all frames, in a window with the span in its middle,
   like the clips of training. That answer stands if its span meets the first one; otherwise the first tube does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmstvg.structures import FrameScores, Tube

Range = tuple[int, int]

_ONE_CLIP = 1.25  # windows
_BORDER = 0.1  # of a window
_SURE = 1e-6  # probabilities are this far from 0 and 1 at least


@dataclass(frozen=True, eq=False)
class ClipAnswer:
    """What the model answers on one clip of a video.

    Args:
        clip: Half open range of frames that were sampled from.
        tube: The tube, in frames of the whole video.
        score: Its score in [0, 1].
        frames: Scores of the sampled frames.
    """

    clip: Range
    tube: Tube
    score: float
    frames: FrameScores

    def evidence(self) -> float:
        """Mean log-odds of the actioness over the span: how sure the model is that the event is here."""
        actioness = self.frames.actioness[self.tube.contains(self.frames.frame_ids)].astype(np.float64)
        actioness = actioness.clip(_SURE, 1 - _SURE)
        return float(np.log(actioness / (1 - actioness)).mean())


def plan_windows(segment: Range, length: int) -> list[Range]:
    """Windows that cover a video, evenly spread.

    Args:
        segment: Half open range of the frames to search.
        length: Frames of a window, at least 1.

    Returns:
        Half open ranges of `length` frames each, or the whole segment where it is at most 1.25 windows.
    """
    start, end = segment
    spare = end - start - length
    if spare <= (_ONE_CLIP - 1) * length:
        return [(start, end)]
    count = int(np.ceil(2 * spare / length)) + 1
    starts = start + np.linspace(0, spare, count).round().astype(int)
    return [(int(first), int(first) + length) for first in starts]


def join_cut_event(answers: Sequence[ClipAnswer], segment: Range) -> ClipAnswer:
    """The best answer, joined with those behind the borders that cut it (steps 3 and 4).

    Args:
        answers: Of all windows, in their order.
        segment: Half open range of the frames that were searched.

    Returns:
        The best answer itself where nothing is joined. Else its tube is the hull, its `clip` covers all joined windows,
        and the score is the best one's.
    """
    best = int(np.argmax([answer.evidence() for answer in answers]))
    joined = answers[best]
    for step in (-1, 1):
        place = best
        # A window with video behind its border has a neighbour there.
        while _is_cut(answers[place], segment, step) and _meet(answers[place + step].tube.span, joined.tube.span):
            place += step
            joined = _join(joined, answers[place])
    return joined


def plan_second_look(joined: ClipAnswer, segment: Range, length: int) -> Range | None:
    """The window to look at once more (step 5), None where the span does not fit into one."""
    return None if len(joined.tube) > length else center_window(joined.tube.span, segment, length)


def center_window(span: Range, segment: Range, length: int) -> Range:
    """The window of `length` frames inside `segment`, which is at least as long, with the span in its middle."""
    first = min(max((sum(span) - length) // 2, segment[0]), segment[1] - length)
    return (first, first + length)


def choose(joined: ClipAnswer, second: ClipAnswer) -> ClipAnswer:
    """The second look, unless it found something else."""
    return second if _meet(joined.tube.span, second.tube.span) else joined


def scores_over_video(answers: Sequence[ClipAnswer], final: ClipAnswer) -> FrameScores:
    """Scores of the frames of a whole video.

    Inside the final answer's clip they are its own. Elsewhere each frame has those of the window whose middle is
    nearest, but `start` and `end` are 0, since they only compare the frames of one clip.
    """
    middles = np.array([sum(answer.clip) / 2 for answer in answers])
    changes = (middles[1:] + middles[:-1]) / 2
    parts = []
    for index, answer in enumerate(answers):
        frame_ids = answer.frames.frame_ids
        is_outside = (frame_ids < final.clip[0]) | (frame_ids >= final.clip[1])
        part = answer.frames.select(is_outside & (np.searchsorted(changes, frame_ids) == index))
        zero = np.zeros_like(part.actioness)
        parts.append(replace(part, start=zero, end=zero))
    return final.frames.merge(*parts)


def _is_cut(answer: ClipAnswer, segment: Range, step: int) -> bool:
    """Whether the span comes close to the left (-1) or right (1) border of its clip and the video goes on there."""
    (start, end), (first, last) = answer.tube.span, answer.clip
    near = _BORDER * (last - first)
    return start - first < near and first > segment[0] if step < 0 else last - end < near and last < segment[1]


def _meet(one: Range, other: Range) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _join(one: ClipAnswer, other: ClipAnswer) -> ClipAnswer:
    clip = (min(one.clip[0], other.clip[0]), max(one.clip[1], other.clip[1]))
    return ClipAnswer(clip, one.tube.merge(other.tube), one.score, one.frames.merge(other.frames))
