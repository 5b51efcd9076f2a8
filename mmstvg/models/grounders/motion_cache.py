"""Keeps on disk what the frozen motion network saw."""

import hashlib
from pathlib import Path

import torch
from torch import Tensor, nn

from mmstvg.models.layers import take_rows
from mmstvg.utils.atomic_file import whole_file

_SPREAD = (-7046029254386353131, -4658895280553007687)  # odd: a product modulo 2^64 loses nothing


class MotionCache:
    """Maps of the motion network in a folder, a file a clip, so that later evaluations read instead of compute.

    A file is named after the values of the frames and of the weights, the kind of device and autocast's precision:
    other weights, or another way to decode or resize, make other files. Another version of the network's code or of
    PyTorch goes unnoticed. Nothing is removed, and processes may share a folder. Frames and weights are digested where
    they lie, with one read of the device a call and one more for each clip that is new.

    Args:
        network: `(N, T, 3, H, W)` to maps `(N, T, C, h, w)`, each clip as it would be alone.
        folder: Where the files are; made where needed.

    Raises:
        ValueError: Weights of the network train, so its maps would not come again.
    """

    def __init__(self, network: nn.Module, folder: str | Path):
        if any(p.requires_grad for p in network.parameters()):
            raise ValueError(
                'motion_cache keeps what a frozen motion network saw, and this one trains: set '
                'motion_backbone.frozen=True or motion_cache=None.'
            )
        self.network = network
        self.folder = Path(folder)

    def __call__(self, clips: Tensor) -> Tensor:
        """What `network(clips)` gives."""
        paths = [self.folder / f'{name}.pt' for name in self._names(clips)]
        new = {path: row for row, path in enumerate(paths) if not path.exists()}
        if new:
            for path, maps in zip(new, self.network(take_rows(clips, list(new.values()))), strict=True):
                with whole_file(path, shared=True) as part:
                    torch.save(maps.clone(), part)
        return torch.stack([torch.load(path, map_location=clips.device, weights_only=True) for path in paths])

    def _names(self, clips: Tensor) -> list[str]:
        weights = list(self.network.state_dict().values())
        digests = _digest([*weights, *clips.flatten(0, 1)]).cpu().numpy()
        of_weights, of_frames = digests[: len(weights)], digests[len(weights) :].reshape(clips.shape[:2])
        precision = (clips.new_zeros(1, 1) @ clips.new_zeros(1, 1)).dtype  # autocast's, where it is on
        kind = f'{clips.device.type} {precision} {tuple(clips.shape[2:])}'.encode() + of_weights.tobytes()
        return [hashlib.sha256(kind + own.tobytes()).hexdigest() for own in of_frames]


def _digest(tensors: list[Tensor]) -> Tensor:
    """64 bits for each tensor, others when any of its values is another or they change places."""
    bits = [x.contiguous().flatten().view(torch.uint8 if x.element_size() % 4 else torch.int32) for x in tensors]
    factors = torch.arange(1, max(map(len, bits)) + 1, device=bits[0].device) * _SPREAD[0]
    factors = (factors ^ (factors >> 31)) * _SPREAD[1] | 1
    return torch.stack([(x * factors[: len(x)]).sum() for x in bits])
