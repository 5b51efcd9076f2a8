"""The made-up clips of `preprocess.npz`: uint8 frames of a smooth random field with noise, from a key alone."""

import numpy as np


def make_clip(key: int, frames: int, width: int, height: int) -> np.ndarray:
    """Frames `(frames, height, width, 3)` uint8; integer arithmetic only, so the same on every machine."""
    rng = np.random.Generator(np.random.Philox(key=key))
    # Random colours on a grid of points 10 pixels apart, interpolated linearly in between, with noise on top.
    grid = rng.integers(0, 256, (frames, height // 10 + 1, width // 10 + 1, 3)).astype(np.int64)
    y, x = np.arange(height), np.arange(width)
    down, right = (y % 10)[None, :, None, None], (x % 10)[None, None, :, None]
    rows = grid[:, y // 10] * (10 - down) + grid[:, np.minimum(y // 10 + 1, height // 10)] * down
    field = rows[:, :, x // 10] * (10 - right) + rows[:, :, np.minimum(x // 10 + 1, width // 10)] * right
    return np.clip((field + 50) // 100 + rng.integers(-25, 26, field.shape), 0, 255).astype(np.uint8)
