"""From decoded frames to what the model sees, against the recorded answers of the reference."""

import json
import zlib

import numpy as np
import pytest
import torch
from make_clip import make_clip

from mmstvg.datasets import ResizeClip
from mmstvg.structures import Tube

CASES = [
    f'{name}_{clip}_{size}' for name in ('hcstvg', 'vidstg') for clip in ('wide', 'tall') for size in (420, 100, 56)
]


@pytest.fixture(scope='module')
def recorded(request):
    path = request.path.parents[2] / 'data' / 'preprocess.npz'
    with np.load(path) as file:
        return dict(file)


@pytest.mark.parametrize('case', CASES)
def test_recorded_case(recorded, case):
    meta = json.loads(str(recorded['meta']))
    name, clip, size = case.split('_')
    source = meta['clips'][clip]
    frames = make_clip(source['key'], meta['frames'], source['width'], source['height'])
    assert zlib.crc32(frames.tobytes()) == source['crc32']
    expected = meta['cases'][case]

    imgs = torch.from_numpy(frames[expected['frame_ids']]).permute(0, 3, 1, 2)
    results = ResizeClip(height=int(size), antialias=name == 'hcstvg')(dict(imgs=imgs))
    mean, std = (torch.tensor(meta[key]).view(3, 1, 1) for key in ('mean', 'std'))
    imgs = (results['imgs'] / 255 - mean) / std

    assert list(imgs.shape) == expected['shape']
    assert results['img_shape'] == tuple(expected['img_size'])
    values = imgs.flatten()[recorded[f'index_{clip}_{size}']].numpy()
    assert np.abs(values - recorded[f'value_{case}']).max() < 2e-6
    assert np.abs(imgs.double().mean((1, 2, 3)).numpy() - recorded[f'mean_{case}']).max() < 2e-6
    assert np.abs(imgs.double().std((1, 2, 3), correction=0).numpy() - recorded[f'std_{case}']).max() < 2e-6

    boxes = np.array(expected['boxes_xywh_pixels'], dtype=np.float32)
    boxes[:, 2:] += boxes[:, :2]
    tube = Tube((1, 5), np.arange(1, 5), boxes)
    boxes, _ = tube.known_at(np.arange(1, 5))
    height, width = expected['ori_size']
    centre_and_size = np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], axis=1)
    boxes = centre_and_size / [width, height, width, height]
    assert np.abs(boxes - recorded[f'boxes_{case}']).max() < 1e-6
