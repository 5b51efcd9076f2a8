"""An event of 6 frames that lies between two sampled frames: frames 103 to 108 of 500."""

import numpy as np
import pytest
import torch
from batches import batch_of, toy_model

from mmstvg.datasets import (
    DecodeFrames,
    PackSTVGInputs,
    RandomTemporalCrop,
    SampleFramesByFPS,
    SampleFramesUniform,
)
from mmstvg.datasets.array_reader import ArrayReader
from mmstvg.evaluation import STVGMetric
from mmstvg.structures import Tube

EVENT = (103, 109)
FRAMES = np.random.default_rng(0).integers(0, 256, (500, 32, 32, 3), dtype=np.uint8)


@pytest.fixture(scope='module')
def model():
    return toy_model()


def load(*steps):
    """The item after sampling steps, decoded and packed."""
    tube = Tube(EVENT, np.arange(*EVENT), np.tile([4, 4, 20, 24], (6, 1)))
    item = dict(
        item_id=0,
        video_id='a',
        video_path='a.mp4',
        text='the red circle moves up',
        fps=25,
        segment=(0, 499),
        ori_shape=(32, 32),
        gt_tube=tube,
        video=ArrayReader(FRAMES, 25),
    )
    for step in (*steps, DecodeFrames(), PackSTVGInputs()):
        item = step(item)
    return item


def event_frames(item):
    sample = item['data_samples']
    return int(sample.gt_tube.contains(sample.frame_ids).sum())


TRAINING = {
    'hcstvg': lambda keep: [SampleFramesByFPS(3.2, keep), RandomTemporalCrop(1.0)],
    'vidstg': lambda keep: [RandomTemporalCrop(0.0), SampleFramesUniform(64, keep)],
}
TEST = {'hcstvg': [SampleFramesByFPS(6.4)], 'vidstg': [SampleFramesUniform(128)], 'sparse': [SampleFramesUniform(64)]}


@pytest.mark.parametrize('name', TRAINING)
def test_training_keeps_a_frame_of_it(model, name):
    assert event_frames(load(*TRAINING[name](False))) == 0
    item = load(*TRAINING[name](True))
    assert event_frames(item) == 1
    losses = model(**batch_of(model, [item]), mode='loss')
    assert all(torch.isfinite(value).all() for value in losses.values())
    assert losses['loss_bbox'] > 0


def test_losses_without_a_frame_of_it_are_finite(model):
    losses = model(**batch_of(model, [load(*TRAINING['hcstvg'](False))]), mode='loss')
    assert all(torch.isfinite(value).all() for value in losses.values())
    assert losses['loss_bbox'] == 0


@pytest.mark.parametrize('name', TEST)
def test_validation_and_test_score_it(model, name):
    item = load(*TEST[name])
    with torch.no_grad():
        (sample,) = model(**batch_of(model, [item]), mode='predict')
    metric = STVGMetric()
    metric.process(None, [sample.to_dict()])
    assert 0 <= metric.evaluate(1)['m_vIoU'] <= 1
    assert event_frames(item) == {'hcstvg': 1, 'vidstg': 1, 'sparse': 0}[name]
