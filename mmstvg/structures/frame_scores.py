"""What a model says about each sampled frame, besides its box."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class FrameScores:
    """Scores of the sampled frames of one video; all in [0, 1].

    Args:
        frame_ids: `(T,)` ascending frame indices.
        start: `(T,)`, probability that the event starts here. Sums to 1 over the frames of each clip that the model
            ran on: two a video where even and odd frames are two clips (`test_cfg=dict(interleave=2)`).
        end: `(T,)`, likewise that it ends here.
        actioness: `(T,)`, probability that the frame shows the event.
        confidence: `(T,)`, how sure the model is that the box holds the instance; None without a context refiner.
    """

    frame_ids: np.ndarray
    start: np.ndarray
    end: np.ndarray
    actioness: np.ndarray
    confidence: np.ndarray | None

    def merge(self, *others: 'FrameScores') -> 'FrameScores':
        """Scores of the frames of all; on shared frames the first one's, `self` before all."""
        parts = (self, *others)
        frame_ids, first = np.unique(np.concatenate([part.frame_ids for part in parts]), return_index=True)

        def join(name: str) -> np.ndarray:
            return np.concatenate([getattr(part, name) for part in parts])[first]

        confidence = None if self.confidence is None else join('confidence')
        return FrameScores(frame_ids, join('start'), join('end'), join('actioness'), confidence)

    def select(self, chosen: np.ndarray) -> 'FrameScores':
        """Only the frames where `chosen`, bool `(T,)`, is True."""
        confidence = None if self.confidence is None else self.confidence[chosen]
        start, end, actioness = self.start[chosen], self.end[chosen], self.actioness[chosen]
        return FrameScores(self.frame_ids[chosen], start, end, actioness, confidence)
