import os
import signal

import pytest
import torch
from mmengine.hooks import Hook

from mmstvg.engine import StopOnSignalHook
from mmstvg.utils import read_checkpoint
from mmstvg.utils.resume import find_checkpoint_to_resume


class SendSignal(Hook):
    """Signals this process, in an iteration of the training or of a validation."""

    def __init__(self, number, iteration=None, val_epoch=None):
        self.number, self.iteration, self.val_epoch = number, iteration, val_epoch

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter + 1 == self.iteration:
            os.kill(os.getpid(), self.number)

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        if runner.epoch == self.val_epoch:
            os.kill(os.getpid(), self.number)


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_training_after_the_step_with_a_checkpoint(make_runner, tmp_path, number):
    before = signal.getsignal(number)
    runner = make_runner()
    runner.register_hook(SendSignal(number, iteration=7))
    with pytest.raises(SystemExit) as end:
        runner.train()
    assert end.value.code == 128 + number
    assert read_checkpoint(find_checkpoint_to_resume(tmp_path / 'run'))['meta']['iter'] == 7
    assert signal.getsignal(number) is before


def test_a_signal_ends_a_validation_at_once(make_runner, tmp_path):
    runner = make_runner()
    runner.register_hook(SendSignal(signal.SIGTERM, val_epoch=2))
    with pytest.raises(SystemExit):
        runner.train()
    assert find_checkpoint_to_resume(tmp_path / 'run').endswith('epoch_2.pth')


def test_a_signal_in_a_validation_loses_no_epoch_that_was_not_due(make_runner, tmp_path):
    runner = make_runner(default_hooks__checkpoint__interval=3)
    runner.register_hook(SendSignal(signal.SIGTERM, val_epoch=2))
    with pytest.raises(SystemExit):
        runner.train()
    path = find_checkpoint_to_resume(tmp_path / 'run')
    assert [read_checkpoint(path)['meta'][name] for name in ('epoch', 'iter')] == [2, 10]
    make_runner(default_hooks__checkpoint__interval=3, resume=True, load_from=path).train()
    make_runner(default_hooks__checkpoint__interval=3, work_dir=str(tmp_path / 'unbroken')).train()
    one, two = (read_checkpoint(tmp_path / name / 'epoch_4.pth') for name in ('run', 'unbroken'))
    assert all(torch.equal(value, two['state_dict'][name]) for name, value in one['state_dict'].items())
    assert not (tmp_path / 'run' / 'mid_epoch.pth').exists()


def test_a_signal_that_comes_while_the_processes_talk_is_not_lost(make_runner, monkeypatch):
    hook, runner = StopOnSignalHook(), make_runner()
    monkeypatch.setattr(hook, '_received_anywhere', lambda: setattr(hook, 'received', signal.SIGTERM) or 0)
    hook.after_train_iter(runner, 0)
    assert hook.received == signal.SIGTERM


def test_a_second_interrupt_ends_at_once(make_runner):
    runner = make_runner()
    runner.register_hook(SendSignal(signal.SIGINT, iteration=2))
    runner.register_hook(SendSignal(signal.SIGINT, iteration=2))
    with pytest.raises(KeyboardInterrupt):
        runner.train()
