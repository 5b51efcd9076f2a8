import pytest
import torch
from mmengine.hooks import Hook
from torch import nn

from mmstvg.engine import WeightAverageHook
from mmstvg.utils import read_checkpoint


class OptimWrapper:
    """Says when there was an update."""

    updated = True

    def should_update(self):
        return self.updated


class Runner:
    """What the hook needs of one."""

    _resume = False

    def __init__(self, model):
        self.model = model
        self.optim_wrapper = OptimWrapper()


def make_runner(weight=1.0):
    model = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1).requires_grad_(False), nn.BatchNorm1d(1))
    nn.init.constant_(model[0].weight, weight)
    return Runner(model)


def step(hook, runner, change):
    with torch.no_grad():
        runner.model[0].weight += change
    hook.after_train_iter(runner, 0, outputs={})


@pytest.mark.parametrize('change', [1e-3, 3e-6, 3e-8])
def test_decay_of_0_9998_from_the_first_step_beyond_the_resolution_of_float32(change):
    runner, hook = make_runner(0.05), WeightAverageHook()
    hook.before_train(runner)
    exact = start = runner.model[0].weight.double().item()
    for _ in range(300):
        step(hook, runner, change)
        exact = exact * 0.9998 + 0.0002 * runner.model[0].weight.double().item()
    moved = (hook.average['0.weight'].double() + hook.carry['0.weight'].double()).item() - start
    assert moved == pytest.approx(exact - start, rel=1e-4)
    assert hook.average['0.weight'].item() == pytest.approx(exact, rel=1e-7)


def test_a_plain_float32_average_stands_still_there():
    """Why the hook keeps a carry."""
    average, weight = torch.tensor(0.05), torch.tensor(0.05)
    for _ in range(300):
        weight += 3e-8
        average.lerp_(weight, 0.0002)
    assert average == torch.tensor(0.05)


def test_only_what_trains_is_averaged():
    runner, hook = make_runner(), WeightAverageHook(0.5)
    hook.before_train(runner)
    assert set(hook.average) == {'0.weight', '2.weight', '2.bias'}
    runner.model[2].running_mean.fill_(7)
    step(hook, runner, 1.0)
    checkpoint = {'state_dict': {k: v.clone() for k, v in runner.model.state_dict().items()}}
    hook.before_save_checkpoint(runner, checkpoint)
    assert checkpoint['state_dict']['0.weight'] == 1.5
    assert checkpoint['ema_state_dict']['weights']['0.weight'] == 2
    assert checkpoint['state_dict']['2.running_mean'] == 7


def test_a_step_without_update_does_not_count():
    runner, hook = make_runner(), WeightAverageHook(0.5)
    hook.before_train(runner)
    runner.optim_wrapper.updated = False
    step(hook, runner, 1.0)
    assert hook.average['0.weight'] == 1
    runner.optim_wrapper.updated = True
    hook.after_train_iter(runner, 0, outputs=None)  # a batch that was left out
    assert hook.average['0.weight'] == 1
    hook.after_train_iter(runner, 0, outputs={})
    assert hook.average['0.weight'] == 1.5


def test_validation_sees_the_average_and_training_goes_on_with_the_weights():
    runner, hook = make_runner(), WeightAverageHook(0.25)
    hook.before_train(runner)
    step(hook, runner, 1.0)
    hook.before_val_epoch(runner)
    assert runner.model[0].weight == 1.25
    hook.after_val_epoch(runner, {})
    assert runner.model[0].weight == 2
    assert hook.average['0.weight'] == 1.25


def test_a_weight_with_two_names_is_averaged_once_and_saved_under_both():
    runner, hook = make_runner(), WeightAverageHook(0.5)
    runner.model.add_module('again', runner.model[0])
    hook.before_train(runner)
    step(hook, runner, 1.0)
    checkpoint = {'state_dict': {k: v.clone() for k, v in runner.model.state_dict().items()}}
    hook.before_save_checkpoint(runner, checkpoint)
    assert checkpoint['state_dict']['0.weight'] == checkpoint['state_dict']['again.weight'] == 1.5
    resumed, runner._resume = WeightAverageHook(0.5), True
    resumed.after_load_checkpoint(runner, checkpoint)
    assert checkpoint['state_dict']['0.weight'] == checkpoint['state_dict']['again.weight'] == 2
    assert resumed.average['0.weight'] == 1.5


def test_resuming_from_a_checkpoint_without_average_is_refused():
    runner, hook = make_runner(), WeightAverageHook()
    runner._resume = True
    with pytest.raises(ValueError, match='no average of the weights'):
        hook.after_load_checkpoint(runner, {'state_dict': runner.model.state_dict()})


@pytest.mark.parametrize('momentum', [0, 1, -0.1])
def test_bad_momentum(momentum):
    with pytest.raises(ValueError, match=r'momentum must lie in \(0, 1\)'):
        WeightAverageHook(momentum)


def test_trained_with_the_runner(make_runner, tmp_path):
    runner = make_runner(train_cfg__max_epochs=1, default_hooks__ema__momentum=0.3)
    start = {name: weight.detach().clone() for name, weight in runner.model.named_parameters()}
    trail = []

    class Trail(Hook):
        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            trail.append(runner.model.head.box_head.weight.detach().double().clone())

    runner.register_hook(Trail())
    runner.train()
    expected = start['head.box_head.weight'].double()
    for weight in trail:
        expected = 0.7 * expected + 0.3 * weight
    saved = read_checkpoint(tmp_path / 'run' / 'epoch_1.pth')
    torch.testing.assert_close(saved['state_dict']['head.box_head.weight'].double(), expected, atol=1e-7, rtol=0)
    assert torch.equal(saved['ema_state_dict']['weights']['head.box_head.weight'].double(), trail[-1])
    assert 'motion_backbone.weight' not in saved['ema_state_dict']['weights']
