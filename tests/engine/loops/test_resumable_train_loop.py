"""A training that stops anywhere and goes on ends where an unbroken one ends, bit for bit."""

import multiprocessing
import os
import re

import pytest
import torch
from mmengine.hooks import Hook
from stand_in import StandInClip
from stand_in_runner import build_runner

from mmstvg.utils import read_checkpoint
from mmstvg.utils.resume import find_checkpoint_to_resume


class StopAfter(Hook):
    """Ends the training after an iteration, as a signal does."""

    priority = 'LOW'

    def __init__(self, iteration: int):
        self.iteration = iteration

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == self.iteration:
            runner.train_loop.stop_training = True


class Record(Hook):
    """Which items came, in which iteration and epoch."""

    def __init__(self):
        self.items, self.validated = [], []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        items = [sample.item_id for sample in data_batch['data_samples']]
        self.items.append((runner.epoch, runner.iter, batch_idx, items))

    def after_val_epoch(self, runner, metrics=None):
        self.validated.append(runner.epoch)


def train(runner, *hooks):
    for hook in hooks:
        runner.register_hook(hook)
    runner.train()
    return runner


def saved(folder, name='epoch_4.pth'):
    return read_checkpoint(folder / name)


def assert_same(one, other):
    """Weights, their average with its carry, optimizer, schedules, best score: all to the last bit."""
    for part in ('state_dict', 'ema_state_dict', 'optimizer', 'param_schedulers'):
        left, right = flatten(one[part]), flatten(other[part])
        assert left.keys() == right.keys()
        for key, value in left.items():
            assert torch.equal(torch.as_tensor(value), torch.as_tensor(right[key])), f'{part}{key}'
    assert [one['meta'][key] for key in ('epoch', 'iter')] == [other['meta'][key] for key in ('epoch', 'iter')]
    for key in ('best_score', 'best_ckpt', 'kept_checkpoints'):
        assert one['message_hub']['runtime_info'][key] == other['message_hub']['runtime_info'][key], key


def flatten(value, path=''):
    if isinstance(value, dict):
        return {k: v for key, part in value.items() for k, v in flatten(part, f'{path}.{key}').items()}
    if isinstance(value, (list, tuple)):
        return flatten(dict(enumerate(value)), path)
    return {path: 0 if value is None or isinstance(value, str) else value}


@pytest.fixture(scope='module')
def unbroken(tmp_path_factory):
    record = Record()
    folder = tmp_path_factory.mktemp('unbroken')
    train(build_runner(folder), record)
    return saved(folder / 'run'), record


@pytest.mark.parametrize(('stop', 'workers'), [(3, 0), (5, 0), (20, 0), (7, 2)])  # in an epoch, at its end, at the end
def test_stopped_and_resumed_equals_unbroken(make_runner, tmp_path, unbroken, stop, workers):
    options = dict(train_dataloader__num_workers=workers)
    first, second = Record(), Record()
    train(make_runner(**options), StopAfter(stop), first)
    path = find_checkpoint_to_resume(tmp_path / 'run')
    assert path.endswith('mid_epoch.pth')
    train(make_runner(**options, resume=True, load_from=path), second)
    assert first.items + second.items == unbroken[1].items
    assert first.validated + second.validated == unbroken[1].validated == [1, 2, 3, 4]
    assert_same(saved(tmp_path / 'run'), unbroken[0])
    assert not (tmp_path / 'run' / 'mid_epoch.pth').exists()


def test_killed_and_resumed_equals_unbroken(make_runner, tmp_path, unbroken):
    class Kill(StopAfter):
        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            if runner.iter + 1 == self.iteration:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train(make_runner(default_hooks__checkpoint__iter_interval=3), Kill(8))
    path = find_checkpoint_to_resume(tmp_path / 'run')
    assert read_checkpoint(path)['meta']['iter'] == 6
    train(make_runner(resume=True, load_from=path))
    assert_same(saved(tmp_path / 'run'), unbroken[0])


def test_killed_in_a_validation_makes_up_for_it(make_runner, tmp_path, unbroken):
    class KillInValidation(Hook):
        def after_val_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            if runner.epoch == 2:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train(make_runner(), KillInValidation())
    record = Record()
    path = find_checkpoint_to_resume(tmp_path / 'run')
    assert path.endswith('epoch_2.pth')
    train(make_runner(resume=True, load_from=path), record)
    assert record.validated == [2, 3, 4]
    assert_same(saved(tmp_path / 'run'), unbroken[0])


def test_accumulated_gradients_stop_at_an_update(make_runner, tmp_path):
    options = dict(optim_wrapper__accumulative_counts=2)
    train(make_runner(**options, work_dir=str(tmp_path / 'unbroken')))
    train(make_runner(**options, default_hooks__checkpoint__iter_interval=3), StopAfter(6))
    assert saved(tmp_path / 'run', 'mid_epoch.pth')['meta']['iter'] == 6
    train(make_runner(**options, resume=True, load_from=str(tmp_path / 'run' / 'mid_epoch.pth')))
    assert_same(saved(tmp_path / 'run'), saved(tmp_path / 'unbroken'))


@pytest.mark.parametrize('broken', [(), (3,)], ids=['all batches', 'one left out'])
@pytest.mark.parametrize('epoch', [1, 2, 3])
def test_accumulated_gradients_wait_for_the_next_epoch(make_runner, tmp_path, epoch, broken):
    options = dict(
        optim_wrapper__accumulative_counts=2,
        train_dataloader__batch_size=1 if broken else 2,  # 9 of 10 batches an epoch, or 5
        train_dataloader__dataset__pipeline=[dict(type='StandInClip', broken=broken)],
        default_hooks__checkpoint__max_keep_ckpts=-1,
        model__norm=False,
    )
    train(make_runner(**options, work_dir=str(tmp_path / 'unbroken')))
    path = tmp_path / 'unbroken' / f'epoch_{epoch}.pth'
    assert bool(read_checkpoint(path)['accumulation']['gradients']) == (epoch % 2 == 1)
    train(make_runner(**options, resume=True, load_from=str(path)))
    assert_same(saved(tmp_path / 'run'), saved(tmp_path / 'unbroken'))


def test_last_update_comes_with_the_last_batch_though_one_was_left_out(make_runner):
    class Count(Hook):
        updates = 0

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            self.updates += outputs is not None and runner.optim_wrapper.should_update()

    pipeline = [dict(type='StandInClip', broken=(3,))]
    options = dict(train_dataloader__batch_size=1, train_dataloader__dataset__pipeline=pipeline, model__norm=False)
    count = Count()
    train(make_runner(**options, optim_wrapper__accumulative_counts=2, train_cfg__max_epochs=1), count)
    assert count.updates == 5  # of 9 batches


def test_two_accumulated_batches_equal_one_of_both(make_runner, tmp_path):
    plain = dict(model__dropout=0.0, model__norm=False)
    train(make_runner(**plain, work_dir=str(tmp_path / 'one')))
    train(make_runner(**plain, train_dataloader__batch_size=1, optim_wrapper__accumulative_counts=2))
    one, two = saved(tmp_path / 'one')['state_dict'], saved(tmp_path / 'run')['state_dict']
    for key, value in one.items():
        torch.testing.assert_close(two[key], value, atol=1e-5, rtol=1e-5)


def test_order_and_chance_depend_on_the_epoch(unbroken):
    items = unbroken[1].items
    orders = [[item for epoch, *_, batch in items if epoch == e for item in batch] for e in range(4)]
    assert [sorted(order) for order in orders] == [list(range(10))] * 4
    assert orders[0] != orders[1] != orders[2]
    assert [index for _, _, index, _ in items] == list(range(5)) * 4


def test_another_seed_is_another_training(make_runner, tmp_path, unbroken):
    train(make_runner(randomness__seed=7))
    weight = saved(tmp_path / 'run')['state_dict']['head.box_head.weight']
    assert not torch.equal(weight, unbroken[0]['state_dict']['head.box_head.weight'])


def test_items_without_video_are_left_out_of_their_batch(make_runner):
    record = Record()
    pipeline = [dict(type='StandInClip', broken=(2, 3, 4))]
    runner = train(make_runner(train_dataloader__dataset__pipeline=pipeline, train_cfg__max_epochs=1), record)
    assert sorted(item for *_, batch in record.items for item in batch) == [0, 1, 5, 6, 7, 8, 9]
    assert runner.iter == 5


def test_a_batch_without_any_video_makes_no_step(make_runner, tmp_path):
    pipeline = [dict(type='StandInClip', broken=tuple(range(10)))]
    runner = make_runner(train_dataloader__dataset__pipeline=pipeline, train_cfg__max_epochs=1)
    before = {name: weight.clone() for name, weight in runner.model.state_dict().items()}
    train(runner)
    assert runner.iter == 5
    assert all(torch.equal(before[name], weight) for name, weight in runner.model.state_dict().items())
    hub = saved(tmp_path / 'run', 'epoch_1.pth')['message_hub']
    assert 'train/loss' not in hub['log_scalars']


def test_resuming_with_another_number_of_iterations_is_refused(make_runner, tmp_path):
    train(make_runner(), StopAfter(7))
    runner = make_runner(train_dataloader__batch_size=5, resume=True, load_from=str(tmp_path / 'run' / 'mid_epoch.pth'))
    with pytest.raises(ValueError, match='training with 5 iterations an epoch, now there are 2'):
        runner.train()


def test_a_dead_worker_is_reported_with_its_items(make_runner, monkeypatch):
    read = StandInClip.__call__
    monkeypatch.setattr(
        StandInClip, '__call__', lambda self, info: os._exit(1) if info['item_id'] == 6 else read(self, info)
    )
    message = error_in_a_process_of_its_own(
        lambda: make_runner(train_dataloader__num_workers=1, train_dataloader__batch_size=1).train()
    )
    assert re.search(r'DataLoader worker.* exited.* 6 \(6\.mp4\)', message), message


@pytest.mark.parametrize('workers', [0, 1])
def test_a_worker_that_raises_is_not_reported_as_dead(make_runner, monkeypatch, workers):
    def fail(self, info):
        raise RuntimeError('a transform failed')

    monkeypatch.setattr(StandInClip, '__call__', fail)
    with pytest.raises(RuntimeError, match='a transform failed') as caught:
        make_runner(train_dataloader__num_workers=workers).train()
    assert 'It may have run out of memory' not in str(caught.value)


def error_in_a_process_of_its_own(function):
    """What its RuntimeError says. Once torch knows of a dead worker, it raises anew whenever any child process ends."""
    receiver, sender = multiprocessing.Pipe(duplex=False)

    def tell():
        try:
            function()
            message = ''
        except RuntimeError as error:
            message = str(error)
        sender.send(message)
        os._exit(0)

    process = multiprocessing.get_context('fork').Process(target=tell)
    process.start()
    sender.close()
    message = receiver.recv()
    process.join()
    return message


def test_unknown_arguments_are_named(make_runner):
    with pytest.raises(TypeError, match='max_epoch'):
        make_runner(train_cfg__max_epoch=3).train()
