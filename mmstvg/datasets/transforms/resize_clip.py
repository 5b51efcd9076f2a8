"""Resizing all frames of a clip."""

import torch
import torch.nn.functional as F
from mmcv.transforms import BaseTransform

from mmstvg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ResizeClip(BaseTransform):
    """Resize frames to a height, squeezing those that are wider than `max_ratio : 1`.

    The width is `min(int(height * (w / h)), int(max_ratio * height))`, bilinear on float tensors. The tube stays in
    pixels of the original frame.

    Required Keys:

    - imgs (`(T, 3, H, W)`)

    Modified Keys:

    - imgs (`(T, 3, height, width)`, float32 in 0..255, or uint8 with `to_uint8`)

    Added Keys:

    - img_shape (`(height, width)`)

    Args:
        height: New height in pixels.
        max_ratio: Largest width as a multiple of the height.
        antialias: Low-pass before scaling down. The reference does so for HC-STVG, not for VidSTG.
        to_uint8: Stay in uint8: a sixth of the time, a quarter of the memory and of the traffic between workers and
            trainer, at most about one grey level away from the reference.
    """

    def __init__(self, height: int, max_ratio: float = 1.4, antialias: bool = True, to_uint8: bool = False):
        if height < 1 or max_ratio <= 0:
            raise ValueError(f'height and max_ratio must be positive, got {height} and {max_ratio}.')
        self.height = height
        self.max_ratio = max_ratio
        self.antialias = antialias
        self.to_uint8 = to_uint8

    def target_size(self, height: int, width: int) -> tuple[int, int]:
        """The new `(height, width)` of a frame of this height and width."""
        scaled = min(int(self.height * (width / height)), int(self.max_ratio * self.height))
        return self.height, max(scaled, 1)

    def resize(self, imgs: torch.Tensor) -> torch.Tensor:
        """Resize frames `(n, 3, H, W)`, uint8 or float in 0..255."""
        size = self.target_size(*imgs.shape[-2:])
        imgs = imgs.byte() if self.to_uint8 else imgs.float()
        return F.interpolate(imgs, size, mode='bilinear', align_corners=False, antialias=self.antialias)

    def transform(self, results: dict) -> dict:
        """Resize `imgs`."""
        results['imgs'] = self.resize(results['imgs'])
        results['img_shape'] = tuple(results['imgs'].shape[-2:])
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(height={self.height}, max_ratio={self.max_ratio}, '
            f'antialias={self.antialias}, to_uint8={self.to_uint8})'
        )
