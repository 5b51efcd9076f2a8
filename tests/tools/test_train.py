"""tools/train.py and tools/test.py, as programs and inside this process, and their launchers."""

import json
import re
import signal
import sys
from itertools import count

import pytest
import torch
from load_tool import load_tool
from run_tool import CONFIG, ROOT, STAND_INS, options_of, run, signal_at, start

from mmstvg.utils import read_checkpoint

sys.path.insert(0, str(STAND_INS))
numbers = count()


def call_main(monkeypatch, tool, *arguments):
    """`main()` of a tool in this process."""
    module = load_tool(f'{tool}.py')
    monkeypatch.setattr(sys, 'argv', [tool, *(str(argument) for argument in arguments)])
    return module.main()


@pytest.fixture
def main(monkeypatch, tmp_path):
    """Run a tool in this process, in a work dir of the test's own."""

    def main(tool, *arguments, **changes):
        options = options_of(tmp_path, experiment_name=f'tool_{next(numbers)}', log_level='WARNING', **changes)
        return call_main(monkeypatch, tool, CONFIG, *arguments, '--work-dir', tmp_path / 'run', *options)

    return main


def weights(folder, name='epoch_4.pth'):
    return read_checkpoint(folder / name)['state_dict']


def assert_same(one, other):
    assert all(torch.equal(one[key], other[key]) for key in one)


TRAIN = (sys.executable, ROOT / 'tools' / 'train.py', CONFIG)
SLOW_ITEMS = dict(
    train_dataloader__dataset__pipeline__0__seconds=0.04,
    train_dataloader__num_workers=2,
    default_hooks__checkpoint__iter_interval=2,
)


def test_stopped_killed_and_resumed_by_the_shell_equals_unbroken(tmp_path):
    """SIGTERM to all processes of the run, workers included; then kill -9; then on to the end."""
    options = options_of(tmp_path, **SLOW_ITEMS)
    run(*TRAIN, '--work-dir', tmp_path / 'unbroken', *options)
    process = start(*TRAIN, '--work-dir', tmp_path / 'run', *options)
    output = signal_at(process, '[1][3/5]', signal.SIGTERM)
    assert process.returncode == 128 + signal.SIGTERM
    assert 'SIGTERM: the training stops after iteration' in output
    assert 'Traceback' not in output
    process = start(*TRAIN, '--work-dir', tmp_path / 'run', '--resume', *options)
    signal_at(process, '[3][3/5]', signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    output = run(*TRAIN, '--work-dir', tmp_path / 'run', '--resume', *options)
    assert 'goes on after' in output
    assert_same(weights(tmp_path / 'run'), weights(tmp_path / 'unbroken'))


@pytest.mark.slow
def test_toy_config_stopped_by_a_signal_and_resumed_equals_unbroken(tmp_path):
    """The real model on real videos, in two data workers."""
    run(sys.executable, ROOT / 'tools/dataset_tools/make_toy_dataset.py', tmp_path / 'toy', '--train', 8, '--test', 2)
    options = [f'{loader}_dataloader.dataset.data_root={tmp_path / "toy"}' for loader in ('train', 'val', 'test')]
    options += ['train_dataloader.batch_size=2', 'train_cfg.max_epochs=2', 'default_hooks.logger.interval=1']
    command = (sys.executable, ROOT / 'tools' / 'train.py', ROOT / 'configs' / 'cgstvg_toy.py', '--work-dir')
    run(*command, tmp_path / 'unbroken', '--cfg-options', *options)
    process = start(*command, tmp_path / 'run', '--cfg-options', *options)
    signal_at(process, '[1][2/4]', signal.SIGTERM)
    assert process.returncode == 128 + signal.SIGTERM
    run(*command, tmp_path / 'run', '--resume', '--cfg-options', *options)
    assert_same(weights(tmp_path / 'run', 'epoch_2.pth'), weights(tmp_path / 'unbroken', 'epoch_2.pth'))


@pytest.mark.slow
def test_memory_stays_flat_over_200_steps(tmp_path):
    """The toy model and its data workers, from step 50 on; in a process that has not run other tests."""
    run(sys.executable, ROOT / 'tools/dataset_tools/make_toy_dataset.py', tmp_path / 'toy', '--train', 50, '--test', 2)
    (tmp_path / 'watched.py').write_text(
        f"""_base_ = '{ROOT / 'configs' / 'cgstvg_toy.py'}'
custom_imports = dict(imports=['stand_in'])
custom_hooks = [dict(type='ResidentMemoryHook', iterations=(50, 250))]
train_cfg = dict(max_epochs=5)
val_cfg = val_dataloader = val_evaluator = None
default_hooks = dict(checkpoint=dict(save_best=None))
train_dataloader = dict(batch_size=1, dataset=dict(data_root='{tmp_path / 'toy'}'))
"""
    )
    output = run(*TRAIN[:-1], tmp_path / 'watched.py', '--work-dir', tmp_path / 'run')
    early, late = map(int, re.findall(r'resident bytes: (\d+)', output))
    assert late - early < 50e6


@pytest.mark.parametrize(
    ('optimizer', 'accumulated', 'last'), [('SkipUnusedAdamW', 1, 7), ('ShardedAdamW', 1, 7), ('SkipUnusedAdamW', 3, 9)]
)
def test_two_processes_take_the_steps_of_one_with_both_batches(tmp_path, optimizer, accumulated, last):
    """And a signal that reaches one of them stops both at the same step."""
    plain = dict(model__dropout=0, model__norm=False, train_dataloader__dataset__pipeline__0__augment=False)
    plain.update(optim_wrapper__accumulative_counts=accumulated)
    options = options_of(tmp_path, **plain, train_cfg__max_epochs=2)
    run(*TRAIN, '--work-dir', tmp_path / 'one', *options)
    hook = f"dict(type='SignalHook', number={int(signal.SIGTERM)}, iteration=7, rank=1)"
    (tmp_path / 'stopped.py').write_text(f"_base_ = '{CONFIG}'\ncustom_hooks = [{hook}]\n")
    options += ['train_dataloader.batch_size=1', f'optim_wrapper.optimizer.type={optimizer}']
    tail = (2, '--work-dir', tmp_path / 'two', '--resume', *options)
    output = run('bash', ROOT / 'tools' / 'dist_train.sh', tmp_path / 'stopped.py', *tail, status=1)
    assert f'stops after iteration {last}' in output
    run('bash', ROOT / 'tools' / 'dist_train.sh', CONFIG, *tail)
    one, two = (read_checkpoint(tmp_path / name / 'epoch_2.pth') for name in ('one', 'two'))
    for key, value in one['state_dict'].items():
        torch.testing.assert_close(two['state_dict'][key], value, atol=1e-5, rtol=1e-5, msg=key)
    one, two = one['optimizer'], two['optimizer']
    assert [group['name'] for group in two['param_groups']] == [group['name'] for group in one['param_groups']]
    assert two['state'].keys() == one['state'].keys()
    for number, averages in one['state'].items():
        torch.testing.assert_close(two['state'][number], averages, atol=1e-5, rtol=1e-5)


@pytest.mark.cuda
def test_one_gpu_with_nccl_and_float16_stopped_and_resumed_equals_unbroken(tmp_path):
    """The scale of the losses goes on, too."""
    options = options_of(tmp_path, train_cfg__max_epochs=2, optim_wrapper__type='AmpOptimWrapper')
    hook = f"dict(type='SignalHook', number={int(signal.SIGTERM)}, iteration=7, rank=0)"
    (tmp_path / 'stopped.py').write_text(f"_base_ = '{CONFIG}'\ncustom_hooks = [{hook}]\n")
    launch = ('bash', ROOT / 'tools' / 'dist_train.sh')
    run(*launch, CONFIG, 1, '--work-dir', tmp_path / 'unbroken', *options)
    output = run(*launch, tmp_path / 'stopped.py', 1, '--work-dir', tmp_path / 'run', *options, status=1)
    assert 'stops after iteration 7' in output
    run(*launch, CONFIG, 1, '--work-dir', tmp_path / 'run', '--resume', *options)
    expected, found = (read_checkpoint(tmp_path / name / 'epoch_2.pth') for name in ('unbroken', 'run'))
    assert found['optimizer']['loss_scaler'] == expected['optimizer']['loss_scaler']
    for key, value in expected['state_dict'].items():
        torch.testing.assert_close(found['state_dict'][key], value, atol=1e-5, rtol=1e-4, msg=key)


def test_two_processes_test_like_one(tmp_path):
    options = options_of(tmp_path, items=7, test_evaluator__type='STVGMetric')
    run(*TRAIN, '--work-dir', tmp_path / 'run', *options, 'train_cfg.max_epochs=1')
    checkpoint = tmp_path / 'run' / 'epoch_1.pth'
    tail = ('--work-dir', tmp_path / 'run', *options)
    one = run(sys.executable, ROOT / 'tools' / 'test.py', CONFIG, checkpoint, '--out', tmp_path / 'one.json', *tail)
    launch = ('bash', ROOT / 'tools' / 'dist_test.sh', CONFIG, checkpoint, 2)
    two = run(*launch, '--out', tmp_path / 'two.json', *tail)
    table = [line for line in one.splitlines() if line.startswith('all ')]
    assert table == [line for line in two.splitlines() if line.startswith('all ')] != []
    predictions = json.loads((tmp_path / 'one.json').read_text())
    assert [item['item_id'] for item in predictions] == list(range(7))
    assert predictions == json.loads((tmp_path / 'two.json').read_text())


def test_resume_by_path_and_without_anything_to_resume(main, tmp_path):
    main('train', '--resume', train_cfg__max_epochs=2)
    first = weights(tmp_path / 'run', 'epoch_2.pth')
    main('train', '--resume', tmp_path / 'run' / 'epoch_1.pth', train_cfg__max_epochs=2)
    assert_same(weights(tmp_path / 'run', 'epoch_2.pth'), first)
    with pytest.raises(FileNotFoundError, match=r'absent\.pth does not exist'):
        main('train', '--resume', tmp_path / 'absent.pth')


def test_amp_trains_in_bfloat16(main, tmp_path):
    main('train', train_cfg__max_epochs=1)
    exact = weights(tmp_path / 'run', 'epoch_1.pth')
    main('train', '--amp', train_cfg__max_epochs=1)
    rounded = weights(tmp_path / 'run', 'epoch_1.pth')
    key = 'head.box_head.weight'
    assert not torch.equal(rounded[key], exact[key])
    torch.testing.assert_close(rounded[key], exact[key], atol=0.05, rtol=0.05)
    with pytest.raises(
        ValueError, match=r'--amp takes the place of OptimWrapper; this config has AutocastOptimWrapper'
    ):
        main('train', '--amp', optim_wrapper__type='AutocastOptimWrapper')


def test_rates_scale_with_the_total_batch(main, tmp_path):
    main('train', '--auto-scale-lr', train_cfg__max_epochs=1)
    groups = read_checkpoint(tmp_path / 'run' / 'epoch_1.pth')['optimizer']['param_groups']
    assert [group['initial_lr'] for group in groups] == pytest.approx([1e-2 / 4, 2e-5 / 4, 5e-5 / 4, 1e-4 / 4])


@pytest.mark.parametrize(
    ('key', 'value', 'error', 'named'),
    [
        ('modle__dropout', 0.1, ValueError, 'modle'),
        ('model__dropuot', 0.1, TypeError, 'dropuot'),
        ('model__type', 'StandInGroundr', KeyError, 'StandInGroundr'),
        ('train_cfg__max_epoch', 1, TypeError, 'max_epoch'),
        ('optim_wrapper__clip_gard', 1, TypeError, 'clip_gard'),
        ('train_dataloader__num_worker', 1, TypeError, 'num_worker'),
        ('train_dataloader__dataset__pipeline__0__brokn', 1, TypeError, 'brokn'),
        ('default_hooks__ema__momentun', 1, TypeError, 'momentun'),
        ('env_cfg__cudnn', True, ValueError, 'cudnn'),
    ],
)
def test_a_wrong_key_or_type_is_named(main, key, value, error, named):
    with pytest.raises(error, match=named):
        main('train', **{key: value})


def test_test_options(main, tmp_path, monkeypatch):
    main('train', train_cfg__max_epochs=1)
    checkpoint = tmp_path / 'run' / 'best_m_vIoU_epoch_1.pth'
    stvg = dict(test_evaluator__type='STVGMetric')
    main('test', checkpoint, '--out', tmp_path / 'plain.json', **stvg)
    main('test', checkpoint, '--out', tmp_path / 'shuffled.json', '--shuffle-text', 3, **stvg)
    plain, shuffled = (json.loads((tmp_path / f'{name}.json').read_text()) for name in ('plain', 'shuffled'))
    assert all(one['text'] != other['text'] for one, other in zip(plain, shuffled, strict=True))
    assert [one['span'] for one in plain] == [other['span'] for other in shuffled]
    with pytest.raises(ValueError, match=r'--out writes JSON, .*predictions\.pkl'):
        main('test', checkpoint, '--out', 'predictions.pkl')
    with pytest.raises(FileNotFoundError, match=r'absent\.pth does not exist'):
        main('test', tmp_path / 'absent.pth')


def test_pictures_go_to_the_folder_that_was_asked_for(tmp_path, monkeypatch):
    module = load_tool('test.py')
    monkeypatch.setattr(sys, 'argv', ['test', str(CONFIG), 'x.pth', '--show-dir', str(tmp_path / 'shown')])
    hook = module.build_config(module.parse_args()).default_hooks.visualization
    assert hook == dict(type='TubeVisualizationHook', out_dir=str(tmp_path / 'shown'))


@pytest.mark.parametrize('script', ['dist_train', 'dist_test', 'slurm_train', 'slurm_test'])
def test_launchers_say_how_they_are_used(script):
    assert f'tools/{script}.sh' in run('bash', ROOT / 'tools' / f'{script}.sh', status=2)


def test_slurm_asks_for_the_machines(tmp_path, monkeypatch):
    """A false `srun` that prints what it was told."""
    (tmp_path / 'srun').write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / 'srun').chmod(0o755)
    command = f'PATH={tmp_path}:$PATH GPUS=16 PYTHON=python tools/slurm_train.sh part job config.py --resume'
    told = run('bash', '-c', command).split()
    assert told[:6] == ['-p', 'part', '--job-name=job', '--gres=gpu:8', '--ntasks=16', '--ntasks-per-node=8']
    assert told[-4:] == ['config.py', '--launcher', 'slurm', '--resume']
