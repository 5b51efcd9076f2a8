"""Recorded answers of the reference, and the weights that it had: they depend only on a key's name and a seed."""

import json
import zlib
from pathlib import Path

import numpy as np
import torch

from mmstvg.structures import STVGDataSample, Tube

DATA = Path(__file__).parent / 'data'
CASES = ['hcstvg', 'vidstg', 'one_frame_event', 'long_sentence', 'window_equal']


def reference_state_dict(seed: int) -> dict[str, torch.Tensor]:
    """Weights of the reference's model under its own names."""
    spec = json.loads((DATA / 'reference_state_dict.json').read_text())
    return {key: _tensor(key, shape, seed) for key, (shape, dtype) in spec.items() if dtype.startswith('float')}


def _tensor(key: str, shape: list[int], seed: int) -> torch.Tensor:
    if key.endswith('.te'):  # fixed sine over frame indices
        length, _, channels = shape
        angle = torch.arange(length)[:, None] * torch.exp(torch.arange(0, channels, 2) * (-np.log(10000.0) / channels))
        return torch.stack([angle.sin(), angle.cos()], -1).flatten(1)[:, None].float()
    random = np.random.Generator(np.random.Philox(key=zlib.crc32(key.encode()) + (seed << 32)))
    x = torch.from_numpy(random.standard_normal(tuple(shape), dtype=np.float32)) if shape else torch.tensor(0.0)
    last = key.rsplit('.', 1)[1]
    if last == 'running_var':
        return 1 + 0.1 * x.abs()
    if last == 'running_mean':
        return 0.02 * x
    if len(shape) == 1:
        return 1 + 0.05 * x if last == 'weight' else 0.02 * x
    fan_in = int(np.prod(shape[1:])) if len(shape) > 2 else shape[-1]
    return x / np.sqrt(fan_in)


class ReferenceCase:
    """One recorded video: inputs, outputs of all stages, losses, gradient norms."""

    def __init__(self, name: str):
        self.recorded = dict(np.load(DATA / f'cgstvg_{name}.npz'))
        self.meta = json.loads(str(self.recorded.pop('meta')))

    def __getitem__(self, key: str) -> torch.Tensor:
        return torch.from_numpy(self.recorded[key])

    def inputs(self) -> dict[str, torch.Tensor]:
        return clip_inputs(self.meta)

    def sample(self) -> STVGDataSample:
        return clip_sample(self.meta, self.recorded['boxes'], self.recorded['input_ids'])


def clip_inputs(meta: dict) -> dict[str, torch.Tensor]:
    """The normalised frames of a recorded clip as a batch of one."""
    frames, height, width = meta['T'], meta['H'], meta['W']
    random = np.random.Generator(np.random.Philox(key=meta['input_key']))
    video = random.standard_normal((frames, 3, height, width), dtype=np.float32)
    return {
        'video': torch.from_numpy(video)[None],
        'frame_mask': torch.zeros(1, frames, dtype=torch.bool),
        'pixel_mask': torch.zeros(1, height, width, dtype=torch.bool),
    }


def clip_sample(meta: dict, boxes: np.ndarray, input_ids: np.ndarray) -> STVGDataSample:
    """The data sample of a recorded clip; `boxes` are `cxcywh` of the event's frames."""
    height, width = meta['ori_size']
    first, last = meta['gt_span']
    frame_ids = np.array(meta['frame_ids'])
    corners = np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], axis=1)
    sample = STVGDataSample(
        metainfo={
            'item_id': 0,
            'video_id': 'clip',
            'text': '',
            'frame_ids': frame_ids,
            'ori_shape': (height, width),
            'img_shape': (meta['H'], meta['W']),
        }
    )
    span = (frame_ids[first], frame_ids[last] + 1)
    sample.gt_tube = Tube(span, frame_ids[first : last + 1], corners * np.array([width, height, width, height]))
    sample.input_ids = torch.as_tensor(input_ids, dtype=torch.int64)
    return sample
