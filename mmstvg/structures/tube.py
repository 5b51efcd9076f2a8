"""A tube: a span of frames and boxes on some of them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Tube:
    """A span of frames and the boxes of some of its frames.

    The conventions are those of the whole package: frames count from 0, a span is half open, boxes are `xyxy` in pixels
    of the original frame. Ground truth may lack boxes on some frames of its span; predictions have boxes on the sampled
    frames, inside the span or not, and are interpolated between them.

    Args:
        span: `(start, end)`, frames `start … end - 1`; `end > start`.
        frame_ids: `(n,)` integers, strictly ascending: the frames whose boxes are known.
        boxes: `(n, 4)`, `(x1, y1, x2, y2)`; float32 or float64, whichever it is given.

    Raises:
        ValueError: The span is empty or reversed, frames and boxes differ in number, or the frames are not ascending.
    """

    span: tuple[int, int]
    frame_ids: np.ndarray
    boxes: np.ndarray

    def __post_init__(self):
        span = (int(self.span[0]), int(self.span[1]))
        frame_ids = np.asarray(self.frame_ids, dtype=np.int64).reshape(-1)
        boxes = np.asarray(self.boxes)
        boxes = boxes.astype(boxes.dtype if boxes.dtype.kind == 'f' else np.float32).reshape(-1, 4)
        if span[1] <= span[0]:
            raise ValueError(f'A tube needs a span [start, end) with end > start, got {span}.')
        if len(frame_ids) != len(boxes):
            raise ValueError(f'A tube needs one box a frame, got {len(frame_ids)} frames and {len(boxes)} boxes.')
        if (np.diff(frame_ids) <= 0).any():
            raise ValueError('The frames of a tube must ascend strictly; sort them and drop duplicates.')
        object.__setattr__(self, 'span', span)
        object.__setattr__(self, 'frame_ids', frame_ids)
        object.__setattr__(self, 'boxes', boxes)

    def __len__(self) -> int:
        return self.span[1] - self.span[0]

    def contains(self, frames: np.ndarray) -> np.ndarray:
        """Which of `frames` `(m,)` lie inside the span: bool `(m,)`."""
        frames = np.asarray(frames)
        return (frames >= self.span[0]) & (frames < self.span[1])

    def known_at(self, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Boxes of exactly these frames, nothing interpolated.

        Args:
            frames: `(m,)` frame indices.

        Returns:
            Boxes `(m, 4)`, zero where unknown, and bool `(m,)`, True where a box is known.
        """
        frames = np.asarray(frames, dtype=np.int64).reshape(-1)
        boxes = np.zeros((len(frames), 4), dtype=self.boxes.dtype)
        if len(self.frame_ids) == 0:
            return boxes, np.zeros(len(frames), dtype=bool)
        place = np.searchsorted(self.frame_ids, frames).clip(max=len(self.frame_ids) - 1)
        known = self.frame_ids[place] == frames
        boxes[known] = self.boxes[place[known]]
        return boxes, known

    def boxes_at(self, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Boxes of these frames, linearly interpolated between the known ones, never extrapolated.

        Args:
            frames: `(m,)` frame indices.

        Returns:
            Boxes `(m, 4)`, zero outside the first and last known frame, and bool `(m,)`, True inside.
        """
        frames = np.asarray(frames, dtype=np.int64).reshape(-1)
        if len(self.frame_ids) == 0:
            return np.zeros((len(frames), 4), dtype=self.boxes.dtype), np.zeros(len(frames), dtype=bool)
        covered = (frames >= self.frame_ids[0]) & (frames <= self.frame_ids[-1])
        sides = [np.interp(frames, self.frame_ids, side) for side in self.boxes.T.astype(np.float64)]
        boxes = np.stack(sides, axis=1).astype(self.boxes.dtype)
        boxes[~covered] = 0
        return boxes, covered

    def merge(self, other: 'Tube') -> 'Tube':
        """Union of two tubes of one video: the hull of the spans, the boxes of both; `self` wins on shared frames.

        This is how the answers on the even and the odd half of a test clip become one (the reference's rule).
        """
        frame_ids = np.concatenate([self.frame_ids, other.frame_ids])
        frame_ids, first = np.unique(frame_ids, return_index=True)
        boxes = np.concatenate([self.boxes, other.boxes])[first]
        span = (min(self.span[0], other.span[0]), max(self.span[1], other.span[1]))
        return Tube(span, frame_ids, boxes)

    def flip(self, width: int) -> 'Tube':
        """The tube in the mirrored video of `width` pixels."""
        boxes = self.boxes.copy()
        boxes[:, [0, 2]] = width - self.boxes[:, [2, 0]]
        return Tube(self.span, self.frame_ids, boxes)

    def clip(self, height: int, width: int) -> 'Tube':
        """The tube with boxes cut to the frame; boxes that do not overlap it are dropped, the span stays."""
        boxes = self.boxes.clip(0, np.array([width, height, width, height], dtype=self.boxes.dtype))
        kept = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        return Tube(self.span, self.frame_ids[kept], boxes[kept])

    @classmethod
    def from_dict(cls, data: dict) -> 'Tube':
        """The tube of an item of a predictions file: `span` and `boxes {frame: [x1, y1, x2, y2]}`."""
        frames = sorted(int(f) for f in data['boxes'])
        return cls(tuple(data['span']), np.array(frames), np.array([data['boxes'][str(f)] for f in frames]))
