"""What the encoder hands to the head."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class EncodedClips:
    """A batch of clips, fused with their sentences frame by frame.

    The `S = h·w + L + h·w` tokens of a frame are the appearance map, the sentence and the motion map, in this order;
    without a motion network the last part is missing.

    Args:
        memory: `(B, T, S, D)`.
        position: `(B, S, D)`, the same for all frames: a sine for appearance tokens, zeros for text and motion.
        token_mask: Bool `(B, S)`, True where padded; None when no token of the batch is.
        frame_mask: Bool `(B, T)`, True where padded.
        map_size: `(h, w)` of the maps, padding included.
        valid_size: `(B, 2)`, height and width of each video's own map in cells.
        num_text: `L`.
        frame_summary: `(B, T, D)`, the mean over a frame's valid tokens.
    """

    memory: Tensor
    position: Tensor
    token_mask: Tensor | None
    frame_mask: Tensor
    map_size: tuple[int, int]
    valid_size: Tensor
    num_text: int
    frame_summary: Tensor

    @property
    def appearance(self) -> Tensor:
        """Tokens of the appearance maps, `(B, T, h·w, D)`."""
        return self.memory[:, :, : self.map_size[0] * self.map_size[1]]

    @property
    def motion(self) -> Tensor:
        """Tokens of the motion maps, `(B, T, h·w, D)`; `(B, T, 0, D)` without a motion network."""
        return self.memory[:, :, self.map_size[0] * self.map_size[1] + self.num_text :]
