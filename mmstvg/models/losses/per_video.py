"""Averages that the losses share: over the frames of each video."""

import torch
from torch import Tensor
from torch import distributed as dist


def sum_over_boxes(values: Tensor, has_box: Tensor, normalizer: str) -> Tensor:
    """Sum over the frames with a box, divided by their number.

    Args:
        values: `(K, B, T)`.
        has_box: Bool `(B, T)`.
        normalizer: `'video'` divides by the video's own number of boxes (at least 1), so a batch gives each video what
            it gets alone and N processes equal one. `'processes'` divides by the mean number over all videos of all
            processes, as the reference does over its one video a process.

    Returns:
        `(K, B)`.
    """
    total = torch.where(has_box, values, 0).sum(dim=-1)
    count = has_box.sum(dim=-1).to(values.dtype)  # B
    if normalizer == 'processes':
        count = count.mean()
        if dist.is_available() and dist.is_initialized():
            dist.all_reduce(count)
            count = count / dist.get_world_size()
    return total / count.clamp(min=1)


def mean_over_frames(values: Tensor, frame_mask: Tensor) -> Tensor:
    """Mean over the valid frames of each video, `(K, B, T)` to `(K, B)`."""
    return torch.where(frame_mask, 0, values).sum(dim=-1) / frame_mask.logical_not().sum(dim=-1)


def check_normalizer(normalizer: str) -> str:
    """Return `normalizer` when it is known.

    Raises:
        ValueError: It is neither `'video'` nor `'processes'`.
    """
    if normalizer not in ('video', 'processes'):
        raise ValueError(f"normalizer is 'video' or 'processes', got {normalizer!r}.")
    return normalizer
