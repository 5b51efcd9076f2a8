"""A model, data and a metric that train in milliseconds, with the names and contracts of the real ones.

Processes started by tests find them by `custom_imports`; `PYTHONPATH` then has this folder and `tests`.
"""

import os
import time

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from resident import resident_bytes
from torch import nn

from mmstvg.datasets import BaseSTVGDataset, PackSTVGInputs
from mmstvg.registry import DATASETS, HOOKS, METRICS, MODELS, TRANSFORMS
from mmstvg.structures import STVGDataSample, Tube


class StandInHead(nn.Module):
    """Has a decoder stack of its own group and a head of the rest."""

    def __init__(self):
        super().__init__()
        self.temporal_decoder = nn.Linear(4, 4)
        self.box_head = nn.Linear(4, 4)


@MODELS.register_module()
class StandInGrounder(BaseModel):
    """The grounder's children, tiny, with dropout, a frozen part and a buffer that moves."""

    def __init__(self, dropout: float = 0.1, norm: bool = True):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4) if norm else nn.Identity())
        self.motion_backbone = nn.Linear(6, 4).requires_grad_(False)
        self.text_encoder = nn.Embedding(8, 4)
        self.head = StandInHead()
        self.dropout = nn.Dropout(dropout)

    def forward(self, inputs, data_samples, mode='tensor'):
        """Losses, or the samples with a score and a tube."""
        frames = torch.cat(list(inputs))  # N, 6
        features = self.backbone(frames) + self.motion_backbone(frames) + self.text_encoder.weight.mean(0)
        out = self.head.box_head(self.dropout(self.head.temporal_decoder(features)).relu())
        if mode == 'loss':
            return {'loss_bbox': out.square().mean(), 'd0.loss_bbox': features.abs().mean()}
        for sample, answer in zip(data_samples, out.mean(1).chunk(len(data_samples)), strict=True):
            sample.score = float(answer.mean())
            end = 3 + sample.item_id % 3
            sample.pred_tube = Tube((1, end), np.arange(5), np.full((5, 4), (0, 0, 9, 9)) + sample.item_id % 2)
        return data_samples


@TRANSFORMS.register_module()
class StandInClip:
    """Frames that depend on the item and, in training, on chance."""

    def __init__(self, augment: bool = True, broken: tuple = (), poisoned: tuple = (), seconds: float = 0):
        self.augment = augment
        self.seconds = seconds
        self.broken = broken
        self.poisoned = poisoned

    def __call__(self, info: dict) -> dict:
        """The item as the model gets it."""
        time.sleep(self.seconds)
        sample = STVGDataSample(metainfo={key: info[key] for key in ('item_id', 'video_id', 'text')})
        sample.gt_tube = Tube((1, 4), np.arange(1, 4), np.full((3, 4), (0, 0, 9, 9)))
        if info['item_id'] in self.broken:
            return PackSTVGInputs()(dict(info, broken='missing'))
        frames = np.sin(np.arange(18).reshape(3, 6) + info['item_id'])
        if self.augment:
            frames += np.random.randn(3, 6) + np.random.rand()
        if info['item_id'] in self.poisoned:
            frames[1, 2] = np.nan
        return dict(inputs=torch.from_numpy(frames).float(), data_samples=sample)


@DATASETS.register_module()
class StandInDataset(BaseSTVGDataset):
    """As many items as the annotation file has lines."""

    METAINFO = dict(name='stand-in')

    def load_data_list(self) -> list[dict]:
        """Items."""
        with open(self.ann_file) as file:
            texts = file.read().splitlines()
        return [
            dict(item_id=i, video_id=f'video_{i}', video_path=f'{i}.mp4', text=text) for i, text in enumerate(texts)
        ]


@METRICS.register_module()
class StandInMetric(BaseMetric):
    """The mean score as m_vIoU."""

    default_prefix = ''

    def process(self, data_batch, data_samples):
        """Keep the scores."""
        self.results += [sample['score'] for sample in data_samples]

    def compute_metrics(self, results):
        """Their mean, as numpy's scalar, as metrics have it."""
        return dict(m_vIoU=np.mean(results))


@HOOKS.register_module()
class SignalHook(Hook):
    """Sends a signal to its own process, on one of the processes."""

    def __init__(self, number: int, iteration: int, rank: int = 0):
        self.number, self.iteration, self.rank = number, iteration, rank

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        """Send it."""
        if runner.iter + 1 == self.iteration and runner.rank == self.rank:
            os.kill(os.getpid(), self.number)


@HOOKS.register_module()
class ResidentMemoryHook(Hook):
    """Prints the memory of the trainer and its workers after some iterations."""

    def __init__(self, iterations: tuple[int, ...]):
        self.iterations = iterations

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        """Print it."""
        if runner.iter + 1 in self.iterations:
            print(f'resident bytes: {resident_bytes()}')
