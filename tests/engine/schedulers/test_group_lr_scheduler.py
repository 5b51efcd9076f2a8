"""Both schedules against the rates that the reference had in its recorded trainings."""

import json

import numpy as np
import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import nn

from mmstvg.engine import WarmupLinearLR, WarmupMultiStepLR
from mmstvg.registry import PARAM_SCHEDULERS

NAMES = ['rest', 'appearance', 'text', 'temporal']


def make_optimizer(rates, accumulate=1) -> OptimWrapper:
    groups = [dict(params=[nn.Parameter(torch.ones(1))], name=n, lr=r) for n, r in zip(NAMES, rates, strict=True)]
    wrapper = OptimWrapper(torch.optim.AdamW(groups), accumulative_counts=accumulate)
    wrapper.base_param_settings = None
    return wrapper


def build(optimizer, epoch_length, epochs, **config):
    config = dict(config, convert_to_iter_based=True)
    defaults = dict(optimizer=optimizer, epoch_length=epoch_length, end=epochs)
    return PARAM_SCHEDULERS.build(config, default_args=defaults)


def schedules_of(case, optimizer, meta):
    warmup = meta['warmup_fraction']
    size = (meta['steps_per_epoch'], meta['max_epoch'])
    drops = dict(type='WarmupMultiStepLR', milestones=meta['drop_epochs'])
    if case.startswith('vidstg'):
        return [build(optimizer, *size, **drops, warmup_fraction=warmup)]
    linear = dict(type='WarmupLinearLR', groups=['text', 'temporal'], warmup_fraction=warmup)
    return [build(optimizer, *size, **drops, groups=['rest', 'appearance']), build(optimizer, *size, **linear)]


def rates(optimizer):
    return [group['lr'] for group in optimizer.param_groups]


def step(optimizer, schedules):
    optimizer.step()
    for schedule in schedules:
        schedule.step()


@pytest.fixture(params=['hcstvg', 'hcstvg_slow', 'vidstg', 'vidstg_slow'])
def case(request, data_dir):
    recorded = np.load(data_dir / f'trajectory_{request.param}.npz')
    return request.param, recorded, json.loads(str(recorded['meta']))


def test_rates_of_the_recorded_trainings_exactly(case):
    name, recorded, meta = case
    optimizer = make_optimizer(recorded['lr_used'][0].tolist())
    schedules = schedules_of(name, optimizer, meta)
    for used, after in zip(recorded['lr_used'], recorded['lr_after'], strict=True):
        np.testing.assert_array_equal(rates(optimizer), used)
        step(optimizer, schedules)
        np.testing.assert_array_equal(rates(optimizer), after)


def test_a_resumed_schedule_has_the_rates_of_an_unbroken_one(case):
    name, recorded, meta = case
    optimizer = make_optimizer(recorded['lr_used'][0].tolist())
    schedules = schedules_of(name, optimizer, meta)
    for _ in range(4):
        step(optimizer, schedules)
    resumed = make_optimizer(recorded['lr_used'][0].tolist())
    again = schedules_of(name, resumed, meta)
    resumed.load_state_dict(optimizer.state_dict())
    for schedule, saved in zip(again, [schedule.state_dict() for schedule in schedules], strict=True):
        schedule.load_state_dict(saved)
    for used in recorded['lr_used'][4:]:
        np.testing.assert_array_equal(rates(resumed), used)
        step(resumed, again)


def test_published_recipe_of_hcstvg_over_its_90_epochs():
    optimizer = make_optimizer([3e-4, 2e-5, 5e-5, 1e-4])
    steps = WarmupMultiStepLR(optimizer, [50, 90], groups=['rest', 'appearance'], epoch_length=563, end=90)
    linear = WarmupLinearLR(optimizer, ['text', 'temporal'], 0.01, epoch_length=563, end=90)
    assert linear.warmup_steps == 507  # 1 % of 50,670
    assert [steps.factor(s) for s in (0, 1, 50 * 563 - 1, 50 * 563, 90 * 563 - 1)] == [1, 1, 1, 0.1, 0.1]
    assert [linear.factor(s) for s in (0, 1, 507, 90 * 563)] == [1, 1 / 507, 1, 0]
    assert linear.factor(50669) == 1 / (50670 - 507)


def test_accumulated_gradients_count_as_one_update():
    optimizer = make_optimizer([1.0] * 4, accumulate=4)
    schedule = WarmupLinearLR(optimizer, None, 0.1, epoch_length=40, end=2)
    single = WarmupLinearLR(make_optimizer([1.0] * 4), None, 0.1, epoch_length=10, end=2)
    for update in range(20):
        for _ in range(4):
            assert rates(optimizer) == [single.factor(update)] * 4
            schedule.step()


def test_groups_that_no_schedule_names_keep_their_rate():
    optimizer = make_optimizer([1.0, 2.0, 3.0, 4.0])
    schedule = WarmupMultiStepLR(optimizer, [1], groups=['text'], epoch_length=1, end=3)
    step(optimizer, [schedule])
    assert rates(optimizer) == [1.0, 2.0, pytest.approx(0.3), 4.0]


def test_bad_arguments():
    optimizer = make_optimizer([1.0] * 4)
    with pytest.raises(ValueError, match=r"groups \['txt'\], but the optimizer has \['rest', 'appearance', 'text'"):
        WarmupLinearLR(optimizer, ['txt'], epoch_length=1, end=1)
    with pytest.raises(ValueError, match=r'warmup_fraction must be in \[0, 1\), got 1.5'):
        WarmupLinearLR(optimizer, warmup_fraction=1.5, epoch_length=1, end=1)
    with pytest.raises(ValueError, match=r'milestones must ascend, got \[9, 8\]'):
        WarmupMultiStepLR(optimizer, [9, 8], epoch_length=1, end=1)
    with pytest.raises(ValueError, match='Set convert_to_iter_based=True for WarmupLinearLR'):
        defaults = dict(optimizer=optimizer, epoch_length=1, end=1)
        PARAM_SCHEDULERS.build(dict(type='WarmupLinearLR'), default_args=defaults)
    with pytest.raises(TypeError, match='warmup_steps'):
        build(optimizer, 1, 1, type='WarmupLinearLR', warmup_steps=3)
