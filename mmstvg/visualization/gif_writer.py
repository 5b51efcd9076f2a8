"""Writing animated gifs."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from mmstvg.utils.atomic_file import whole_file


def write_gif(path: str | Path, frames: Iterable[np.ndarray], fps: float) -> int:
    """Write an animated gif that runs for ever. All frames are in memory, reduced to 256 colours each.

    Args:
        path: Ends in `.gif`; missing folders are made. The file appears under its name when it is complete.
        frames: RGB uint8 `(H, W, 3)`, all of one size.
        fps: Frames a second, at most 50, which is what players show.

    Returns:
        The number of frames written.

    Raises:
        ValueError: There are no frames, `fps` is not in (0, 50], or the name does not end in `.gif`.
    """
    path = Path(path)
    if path.suffix.lower() != '.gif':
        raise ValueError(f'Gifs are written as .gif, got {path}.')
    if not 0 < fps <= 50:
        raise ValueError(f'A gif has at most 50 frames a second, got {fps} for {path}.')
    images = [Image.fromarray(frame).quantize(256, dither=Image.Dither.NONE) for frame in frames]
    if not images:
        raise ValueError(f'There are no frames to write into {path}.')
    with whole_file(path) as part:
        images[0].save(part, 'GIF', save_all=True, append_images=images[1:], duration=round(1000 / fps), loop=0)
    return len(images)
