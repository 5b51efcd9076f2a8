"""Toy videos and a checkpoint of the toy model as files, for tests that use both as a user does."""

import importlib.util
import json
from pathlib import Path

import av
import numpy as np
import torch
from batches import CONFIGS
from mmengine.config import Config

from mmstvg.apis import init_model
from mmstvg.visualization import write_video

_TOOL = Path(__file__).parents[1] / 'tools' / 'dataset_tools' / 'make_toy_dataset.py'
_spec = importlib.util.spec_from_file_location('make_toy_dataset', _TOOL)
make_toy_dataset = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(make_toy_dataset)


def make_toy_test_set(root: Path, count: int) -> list[tuple[Path, str]]:
    """A toy data set whose test split has `count` videos: their paths and sentences."""
    videos, annotations = root / 'v1_video', root / 'annos' / 'hcstvg_v1' / 'test.json'
    items = dict(make_toy_dataset.make_item(index, 'test', 0, videos) for index in range(count))
    annotations.parent.mkdir(parents=True)
    annotations.write_text(json.dumps(items))
    return [(videos / name, item['caption']) for name, item in items.items()]


def save_toy_checkpoint(path: Path, data_root: Path) -> Path:
    """Random weights that carry their config, as `tools/train.py` writes them."""
    config = Config.fromfile(CONFIGS / 'cgstvg_toy.py')
    for loader in (config.test_dataloader, config.val_dataloader):
        loader.dataset.data_root = str(data_root)
        loader.num_workers = 0
        loader.persistent_workers = False
    torch.manual_seed(0)
    model = init_model(config, device='cpu')
    torch.save(dict(meta=dict(cfg=config.pretty_text), state_dict=model.state_dict()), path)
    return path


def write_no_frames(path: Path) -> Path:
    """A whole mp4 file that promises H.264 and has no frame."""
    with av.open(str(path), 'w', format='mp4', options=dict(movflags='empty_moov+frag_keyframe')) as container:
        stream = container.add_stream('libx264', rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, 'yuv420p'
        container.start_encoding()
    return path


def write_red_square(path: Path, seconds: float, event: tuple[float, float], height=48, width=64, fps=10) -> Path:
    """A grey video on which a red square lies during the event (seconds) and moves one pixel to the right a frame."""
    frames = np.full((round(seconds * fps), height, width, 3), 120, np.uint8)
    frames[..., 1] += np.arange(len(frames), dtype=np.uint8)[:, None, None] % 7
    start, end = (round(time * fps) for time in event)
    for place, frame in enumerate(range(start, end)):
        left = 4 + place % (width - 24)
        frames[frame, 10:26, left : left + 16] = (255, 0, 0)
    write_video(path, iter(frames), fps, crf=8)
    return path


def cut_file(source: Path, target: Path) -> Path:
    """The first 60 % of a file, as after a broken upload."""
    content = source.read_bytes()
    target.write_bytes(content[: int(0.6 * len(content))])
    return target
