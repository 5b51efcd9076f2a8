"""Attention over a frame."""

import cv2
import numpy as np


def overlay_heat(image: np.ndarray, heat: np.ndarray, strength: float = 0.6) -> np.ndarray:
    """Lay a map of attention over a frame: dark where it is zero, yellow where it is strongest.

    The colours (viridis) get lighter with the attention for every kind of colour vision.

    Args:
        image: RGB uint8 `(H, W, 3)`.
        heat: Not negative, `(h, w)`, of any size; scaled by its largest value.
        strength: How much of the map shows where it is strongest, in [0, 1].

    Returns:
        RGB uint8 `(H, W, 3)`.
    """
    heat = np.asarray(heat, dtype=np.float32)
    heat = cv2.resize(heat / max(float(heat.max()), 1e-12), image.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    heat = heat.clip(0, 1)
    colors = cv2.applyColorMap((heat * 255).astype(np.uint8), cv2.COLORMAP_VIRIDIS)[..., ::-1]
    gray = image.mean(axis=-1, keepdims=True)  # the frame's own colours would mix with the map's
    share = strength * (0.35 + 0.65 * heat[..., None])
    return ((1 - share) * gray + share * colors).round().astype(np.uint8)
