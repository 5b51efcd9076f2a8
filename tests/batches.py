"""Small models and made-up batches for the tests."""

from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config

from mmstvg.apis import init_model
from mmstvg.structures import STVGDataSample, Tube

CONFIGS = Path(__file__).parents[1] / 'configs'


def toy_model(seed: int = 0, cfg_options: dict | None = None, device: str = 'cpu'):
    """The toy config's model in eval mode, with weights from `seed`."""
    torch.manual_seed(seed)
    config = Config.fromfile(CONFIGS / 'cgstvg_toy.py')
    return init_model(config, device=device, cfg_options=cfg_options)


def make_clip(seed: int, length: int, height: int, width: int) -> torch.Tensor:
    """uint8 frames `(T, 3, H, W)`."""
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, (length, 3, height, width), dtype=np.uint8))


def make_sample(length: int, height: int, width: int, event: tuple[int, int], text: str, step: int = 2):
    """A sample whose event lies at sampled frames `event`, half open; every `step`-th frame is sampled."""
    frame_ids = np.arange(length) * step
    span = (int(frame_ids[event[0]]), int(frame_ids[event[1] - 1]) + 1)
    frames = np.arange(*span)
    corner = np.stack([10 + frames, 12 + frames], axis=1)
    boxes = np.concatenate([corner, corner + [40, 30]], axis=1)
    sample = STVGDataSample(
        metainfo=dict(
            item_id=length,
            video_id=f'video{length}',
            text=text,
            frame_ids=frame_ids,
            ori_shape=(2 * height, 2 * width),
            img_shape=(height, width),
        )
    )
    sample.gt_tube = Tube(span, frames, boxes)
    return sample


def mixed_batch() -> list[dict]:
    """Three videos that differ in length, size and length of the sentence."""
    shapes = [
        (9, 64, 96, (2, 6), 'the red circle moves up'),
        (6, 96, 64, (0, 3), 'the blue square moves to the left'),
        (12, 80, 80, (5, 12), 'red'),
    ]
    return [dict(inputs=make_clip(i, *shape[:3]), data_samples=make_sample(*shape)) for i, shape in enumerate(shapes)]


def batch_of(model, items: list[dict]) -> dict:
    """What the model's forward takes."""
    data = dict(inputs=[x['inputs'] for x in items], data_samples=[x['data_samples'] for x in items])
    return model.data_preprocessor(data)
