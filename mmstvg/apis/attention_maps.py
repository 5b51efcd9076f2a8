"""Where the decoder looks."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mmstvg.models.grounders import BaseGrounder
from mmstvg.structures import STVGDataSample


@torch.no_grad()
def attention_maps(
    model: BaseGrounder, inputs: dict[str, Tensor], data_samples: Sequence[STVGDataSample], stage: int = -1
) -> np.ndarray:
    """Attention of one stage of the spatial decoder to the picture, at inference.

    Args:
        model: A model whose head has a `spatial_decoder`.
        inputs: One video, see `BaseGrounder.forward`.
        data_samples: Its sample.
        stage: Stage of the decoder, from 0; -1 is the last.

    Returns:
        `(T, h, w)`, one map a sampled frame: the share of the attention that each cell gets, appearance and motion
        tokens together, mean over the heads. The rest up to 1 goes to the words.

    Raises:
        ValueError: There is more than one video, or no such stage.
    """
    check_stage(model, stage)
    if len(data_samples) != 1:
        raise ValueError(f'Attention maps are made for one video at a time, got {len(data_samples)}.')
    parts = []

    def record(attention, args, output):
        shares, encoded = attention.attention(*args)[0], args[-1]  # T S
        cells = encoded.map_size[0] * encoded.map_size[1]
        maps = shares[:, :cells]
        if encoded.motion.shape[2]:
            maps = maps + shares[:, -cells:]
        parts.append(maps.unflatten(1, encoded.map_size).float().cpu().numpy())

    handle = model.head.spatial_decoder.layers[stage].cross_attn.register_forward_hook(record)
    try:
        model.predict(inputs, [data_samples[0].new()])
    finally:
        handle.remove()
    maps = np.empty((len(data_samples[0].frame_ids), *parts[0].shape[1:]), dtype=np.float32)
    for part, found in enumerate(parts):  # the clips of even and odd frames
        maps[part :: model.interleave] = found
    return maps


def check_stage(model: BaseGrounder, stage: int) -> None:
    """Raise a `ValueError` where the spatial decoder has no such stage."""
    count = len(model.head.spatial_decoder.layers)
    if not -count <= stage < count:
        raise ValueError(f'The decoder has stages 0 to {count - 1}, got {stage}.')
