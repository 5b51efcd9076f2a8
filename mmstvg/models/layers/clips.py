"""Networks that must not see padding, on batches that have it."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

ClipSize = tuple[int, int, int]


def run_unpadded(
    network: Callable[[Tensor], Tensor], video: Tensor, sizes: list[ClipSize]
) -> tuple[Tensor, list[tuple[int, int]]]:
    """Run a network on the unpadded clips of a batch, those of equal size together.

    Padding changes the features next to it, in convolutions and in windows alike; so each video gets here what it gets
    alone. A batch without padding is one call.

    Args:
        network: `(N, t, 3, h, w)` to maps `(N, t, C, h', w')`.
        video: `(B, T, 3, H, W)`.
        sizes: `(t, h, w)`, the unpadded length, height and width of each video.

    Returns:
        Maps `(B, T, C, H', W')`, zeros where padded, and `(h', w')` of each video's own.
    """
    groups: dict[ClipSize, list[int]] = {}
    for row, size in enumerate(sizes):
        groups.setdefault(size, []).append(row)
    if len(groups) == 1:
        t, h, w = sizes[0]
        out = network(video[:, :t, :, :h, :w])
        return out, [tuple(out.shape[-2:])] * len(sizes)
    maps = {
        size: network(take_rows(video, rows)[:, : size[0], :, : size[1], : size[2]]) for size, rows in groups.items()
    }
    height, width = (max(features.shape[axis] for features in maps.values()) for axis in (-2, -1))
    first = next(iter(maps.values()))
    out = first.new_zeros(*video.shape[:2], first.shape[2], height, width)
    for size, features in maps.items():
        for row, own in zip(groups[size], features, strict=True):
            out[row, : size[0], :, : own.shape[-2], : own.shape[-1]] = own
    return out, [tuple(maps[size].shape[-2:]) for size in sizes]


def take_rows(x: Tensor, rows: Sequence[int]) -> Tensor:
    """`x[rows]`, for which the host would wait for a GPU until it has the list."""
    return torch.stack([x[row] for row in rows])


def run_in_parts(network: Callable[[Tensor], Tensor], x: Tensor, values_at_once: int, dim: int = 0) -> Tensor:
    """Run a network that works frame by frame; without a graph on some frames at a time.

    What lies between its layers then stays in the cache of a CPU, and memory does not grow with the number of frames.

    Args:
        network: Frames to maps, the axis `dim` kept.
        x: Frames along `dim`.
        values_at_once: How many values of `x` make a part on a CPU.
        dim: The axis of the frames.

    Returns:
        The same as `network(x)`.
    """
    frames = max(at_once(values_at_once, x) // x.select(dim, 0).numel(), 1)
    if torch.is_grad_enabled() or x.shape[dim] <= frames:
        return network(x)
    return torch.cat([network(part) for part in x.split(frames, dim)], dim)


def at_once(values_on_cpu: int, x: Tensor) -> int:
    """How many values of `x` make a part where it lies: small parts leave a GPU waiting for the host."""
    return values_on_cpu if x.device.type == 'cpu' else 4 * values_on_cpu
