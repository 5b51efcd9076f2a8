"""What a grounder has seen of a batch of clips before it reads a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from mmstvg.models.layers import take_rows


@dataclass(frozen=True)
class VisualMaps:
    """Projected maps of a batch of clips. Several sentences can be fused with them.

    Args:
        appearance: `(B, T, D, h, w)`, zero where padded.
        motion: The same of the motion network; None without one.
        frame_mask: Bool `(B, T)`, True where padded.
        lengths: Frames of each clip, padding excluded.
        map_sizes: `(h, w)` of each clip's own map.
    """

    appearance: Tensor
    motion: Tensor | None
    frame_mask: Tensor
    lengths: list[int]
    map_sizes: list[tuple[int, int]]

    def take(self, rows: Sequence[int]) -> 'VisualMaps':
        """The clips in `rows`, without the padding that the others need."""
        if list(rows) == list(range(len(self.lengths))):
            return self
        lengths = [self.lengths[row] for row in rows]
        map_sizes = [self.map_sizes[row] for row in rows]
        height, width = (max(sides) for sides in zip(*map_sizes, strict=True))
        appearance, motion = (
            None if x is None else take_rows(x, rows)[:, : max(lengths), :, :height, :width]
            for x in (self.appearance, self.motion)
        )
        return VisualMaps(appearance, motion, take_rows(self.frame_mask, rows)[:, : max(lengths)], lengths, map_sizes)
