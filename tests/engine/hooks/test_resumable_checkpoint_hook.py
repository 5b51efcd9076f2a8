import os

import pytest
import torch

from mmstvg.engine import ResumableCheckpointHook
from mmstvg.utils import read_checkpoint
from mmstvg.utils.resume import find_checkpoint_to_resume


def files(folder):
    return sorted(path.name for path in folder.glob('*.pth*'))


def test_what_is_there_after_a_training(make_runner, tmp_path):
    make_runner().train()
    run = tmp_path / 'run'
    best = [name for name in files(run) if name.startswith('best')]
    assert files(run) == [*best, 'epoch_3.pth', 'epoch_4.pth']
    assert len(best) == 1
    assert find_checkpoint_to_resume(run) == str(run / 'epoch_4.pth')
    saved = read_checkpoint(run / 'epoch_4.pth')
    assert (saved['meta']['epoch'], saved['meta']['iter']) == (4, 20)
    assert 'val/m_vIoU' in saved['message_hub']['log_scalars']  # saved once more after the validation
    weights = read_checkpoint(run / best[0])
    assert set(weights) == {'meta', 'state_dict'}
    score = saved['message_hub']['runtime_info']['best_score']
    assert score == max(saved['message_hub']['log_scalars']['val/m_vIoU'].data[0])


@pytest.mark.parametrize(('options', 'expected'), [
    (dict(interval=2, max_keep_ckpts=-1), ['epoch_2.pth', 'epoch_4.pth']),
    (dict(interval=3, max_keep_ckpts=-1), ['epoch_3.pth', 'epoch_4.pth']),
    (dict(max_keep_ckpts=1), ['epoch_4.pth']),
])  # fmt: skip
def test_which_epochs_are_kept(make_runner, tmp_path, options, expected):
    changes = {f'default_hooks__checkpoint__{key}': value for key, value in options.items()}
    make_runner(**changes, default_hooks__checkpoint__save_best=None).train()
    assert files(tmp_path / 'run') == expected


def test_no_checkpoint_to_keep_is_refused():
    """0 kept all of them."""
    with pytest.raises(ValueError, match='max_keep_ckpts is at least 1, or -1 for all, got 0'):
        ResumableCheckpointHook(max_keep_ckpts=0)


def test_best_weights_are_those_that_were_validated(make_runner, tmp_path):
    runner = make_runner(train_cfg__max_epochs=1, default_hooks__ema__momentum=0.3)
    runner.train()
    run = tmp_path / 'run'
    best, last = read_checkpoint(run / 'best_m_vIoU_epoch_1.pth'), read_checkpoint(run / 'epoch_1.pth')
    assert all(torch.equal(value, last['state_dict'][key]) for key, value in best['state_dict'].items())
    tested = make_runner(load_from=str(run / 'best_m_vIoU_epoch_1.pth')).test()
    assert tested['m_vIoU'] == pytest.approx(last['message_hub']['runtime_info']['best_score'])


@pytest.mark.parametrize('call', ['fsync', 'replace'])
def test_dying_while_writing_leaves_the_checkpoint_before(make_runner, tmp_path, monkeypatch, call):
    real, calls = getattr(os, call), []

    def die_late(*arguments):
        calls.append(arguments)
        if len(calls) == {'fsync': 13, 'replace': 7}[call]:  # in the midst of a later checkpoint
            raise ZeroDivisionError
        return real(*arguments)

    monkeypatch.setattr(os, call, die_late)
    with pytest.raises(ZeroDivisionError):
        make_runner(default_hooks__checkpoint__max_keep_ckpts=1).train()
    monkeypatch.undo()
    path = find_checkpoint_to_resume(tmp_path / 'run')
    assert read_checkpoint(path)['meta']['iter'] >= 5


def test_a_full_disk_stops_the_run_and_names_what_is_left(make_runner, tmp_path, monkeypatch):
    runner = make_runner()
    save, calls = runner.save_checkpoint, []

    def full_disk(folder, name, **options):
        save(folder, name, **options)
        calls.append(name)
        if len(calls) == 4:
            raise OSError(28, 'No space left on device')

    monkeypatch.setattr(runner, 'save_checkpoint', full_disk)
    with pytest.raises(OSError, match=r'epoch_2\.pth cannot be saved .*No space left.*epoch_1\.pth') as error:
        runner.train()
    assert not list((tmp_path / 'run').glob('*.part'))
    assert str(error.value).endswith(f'{find_checkpoint_to_resume(tmp_path / "run")}.')


def test_a_new_run_does_not_leave_the_old_one_to_be_resumed(make_runner, tmp_path):
    make_runner().train()
    runner = make_runner(train_dataloader__dataset__pipeline=[dict(type='StandInClip', poisoned=tuple(range(10)))])
    with pytest.raises(FloatingPointError):
        runner.train()
    assert find_checkpoint_to_resume(tmp_path / 'run') is None


def test_an_unknown_metric_is_named(make_runner):
    with pytest.raises(KeyError, match="save_best='m_vIou' is none of the metrics: m_vIoU"):
        make_runner(default_hooks__checkpoint__save_best='m_vIou').train()


def test_epochs_that_are_not_due_with_the_loop_of_mmengine(make_runner, tmp_path):
    make_runner(default_hooks__checkpoint__interval=3, train_cfg__type='EpochBasedTrainLoop').train()
    assert {path.name for path in (tmp_path / 'run').glob('epoch_*.pth')} == {'epoch_3.pth', 'epoch_4.pth'}
