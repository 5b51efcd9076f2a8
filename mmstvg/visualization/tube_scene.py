"""What there is to draw about one video and one sentence."""

from dataclasses import dataclass

import numpy as np

from mmstvg.evaluation.tube_iou import score_tube
from mmstvg.structures import Tube


@dataclass(frozen=True, eq=False)
class TubeScene:
    """One video, one sentence, and the tubes to draw.

    Args:
        text: The sentence.
        frame_count: Number of frames of the video, at least 1.
        fps: Frames a second. None leaves seconds out.
        pred_tube: The prediction, where there is one.
        gt_tube: The annotation, where there is one.
        score: Confidence of the prediction, where known.
        ori_shape: `(height, width)` that boxes refer to. None where the frames have that size; rescaled copies do not.

    Raises:
        ValueError: There is no frame, or `fps` is not positive.
    """

    text: str
    frame_count: int
    fps: float | None = None
    pred_tube: Tube | None = None
    gt_tube: Tube | None = None
    score: float | None = None
    ori_shape: tuple[int, int] | None = None

    def __post_init__(self):
        if self.frame_count < 1:
            raise ValueError(f'A video to draw needs at least one frame, got frame_count={self.frame_count}.')
        if self.fps is not None and not self.fps > 0:
            raise ValueError(f'fps must be positive or None, got {self.fps}.')

    @property
    def tubes(self) -> dict[str, Tube]:
        """The tubes there are, under `'truth'` and `'prediction'`."""
        tubes = {'truth': self.gt_tube, 'prediction': self.pred_tube}
        return {name: tube for name, tube in tubes.items() if tube is not None}

    def box_at(self, name: str, frame: int) -> np.ndarray | None:
        """Box `(4,)` of a tube on a frame; None outside its span, where it has none, or where it is not finite."""
        tube = self.tubes[name]
        boxes, covered = tube.boxes_at(np.array([frame]))
        drawn = covered[0] and tube.contains(np.array([frame]))[0] and np.isfinite(boxes).all()
        return boxes[0] if drawn else None

    def span_label(self, name: str) -> str:
        """A tube's span in words: seconds where known, else frames, both ends included."""
        start, end = self.tubes[name].span
        if self.fps is None:
            return f'{name} {start}–{end - 1}'
        return f'{name} {start / self.fps:.1f}–{end / self.fps:.1f} s'

    def frame_label(self, frame: int) -> str:
        """A frame's number (from 0) and time in words."""
        return f'frame {frame}' if self.fps is None else f'frame {frame}  {frame / self.fps:.2f} s'

    def result_label(self) -> str:
        """Confidence and vIoU in words, as far as known."""
        parts = [] if self.score is None else [f'score {self.score:.2f}']
        if self.pred_tube is not None and self.gt_tube is not None:
            parts.append(f'vIoU {score_tube(self.pred_tube, self.gt_tube).viou:.2f}')
        return '  '.join(parts)

    def event(self, margin: float) -> tuple[int, int]:
        """The hull of all spans and `margin` times its length on both sides, inside the video; without tubes all of it.

        Returns:
            Half open range of frames.
        """
        if not self.tubes:
            return 0, self.frame_count
        starts, ends = zip(*(tube.span for tube in self.tubes.values()), strict=True)
        start, end = min(starts), max(ends)
        more = round(margin * (end - start))
        start = min(max(start - more, 0), self.frame_count - 1)
        return start, max(min(end + more, self.frame_count), start + 1)

    def sheet_frames(self, count: int) -> np.ndarray:
        """Frames for a contact sheet: half of them spread over the video, the others over the spans.

        Args:
            count: How many, at least 1. Fewer come back where both halves choose the same.

        Returns:
            `(n,)` ascending frame indices.
        """
        if count < 1:
            raise ValueError(f'A contact sheet needs at least one frame, got {count}.')
        last = self.frame_count - 1
        if not self.tubes:
            return np.unique(np.linspace(0, last, count).round().astype(np.int64))
        start, end = self.event(margin=0)
        spread = np.linspace(0, last, count - count // 2).round()
        inside = np.linspace(start, end - 1, count // 2).round()
        return np.unique(np.concatenate([spread, inside]).astype(np.int64))
