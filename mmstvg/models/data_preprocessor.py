"""From decoded frames to a batch."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from mmstvg.registry import MODELS


@MODELS.register_module()
class STVGDataPreprocessor(BaseDataPreprocessor):
    """Normalises on the device and pads clips of different length and size to one batch.

    Args:
        mean: Mean of red, green and blue, in [0, 1].
        std: Standard deviation of red, green and blue, in [0, 1].
    """

    def __init__(
        self,
        mean: Sequence[float] = (0.485, 0.456, 0.406),
        std: Sequence[float] = (0.229, 0.224, 0.225),
    ):
        super().__init__(non_blocking=True)
        self.register_buffer('mean', torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer('std', torch.tensor(std).view(3, 1, 1), persistent=False)

    def forward(self, data: dict, training: bool = False) -> dict:
        """Make a batch of clips.

        Args:
            data: `inputs`, RGB clips `(T, 3, H, W)` in [0, 255], uint8 or float, and `data_samples`. A clip is
                None where the video could not be read; its sample says so in `broken`.
            training: Unused; the batch is the same.

        Returns:
            `inputs` as `dict(video=(B, T, 3, H, W), frame_mask=(B, T), pixel_mask=(B, H, W))`, float and bool, masks
            True where padded, `B` counting readable videos alone, and all `data_samples`.
        """
        data = self.cast_data(data)
        clips = [clip for clip in data['inputs'] if clip is not None]
        clips = [(clip / 255).sub_(self.mean).div_(self.std) for clip in clips]
        return {'inputs': pad_clips(clips), 'data_samples': data.get('data_samples')}


def pad_clips(clips: list[Tensor]) -> dict[str, Tensor]:
    """Stack normalised clips `(T, 3, H, W)` that may differ in length and size, zeros behind each side.

    Returns:
        `dict(video=(B, T, 3, H, W), frame_mask=(B, T), pixel_mask=(B, H, W))`, masks True where padded; empty without
        clips.
    """
    if not clips:
        return {}
    sizes = [(clip.shape[0], *clip.shape[2:]) for clip in clips]
    length, height, width = (max(sides) for sides in zip(*sizes, strict=True))
    first = clips[0]
    frame_mask = torch.ones(len(clips), length, dtype=torch.bool)
    pixel_mask = torch.ones(len(clips), height, width, dtype=torch.bool)
    for i, (t, h, w) in enumerate(sizes):
        frame_mask[i, :t] = False
        pixel_mask[i, :h, :w] = False
    if len(set(sizes)) == 1:
        video = first[None] if len(clips) == 1 else torch.stack(clips)
    else:
        video = first.new_zeros(len(clips), length, 3, height, width)
        for row, clip, (t, h, w) in zip(video, clips, sizes, strict=True):
            row[:t, :, :h, :w] = clip
    device = first.device
    frame_mask, pixel_mask = (mask.to(device, non_blocking=True) for mask in (frame_mask, pixel_mask))
    return {'video': video, 'frame_mask': frame_mask, 'pixel_mask': pixel_mask}
