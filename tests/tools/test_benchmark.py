import json
import sys
from functools import partial

import pytest
import torch
from load_tool import TOOLS, load_tool
from mmengine.config import Config

from mmstvg.utils.random_text import ROBERTA_BASE, use_random_text

CONFIGS = TOOLS.parent / 'configs'
PARTS = ['appearance', 'motion', 'text', 'encoder', 'temporal decoder', 'spatial decoder']


@pytest.fixture(scope='module')
def tool():
    return load_tool('analysis_tools/benchmark.py')


@pytest.fixture(scope='module')
def quick_yardstick(tool):
    """Its time is of no interest here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tool, 'plain_resnet101', lambda: torch.nn.Conv2d(3, 8, 3, 2, 1))
        yield


def run(tool, monkeypatch, tmp_path, *options):
    out = tmp_path / 'new' / 'result.json'
    size = ['--frames', '4', '--height', '64', '--width', '96', '--tokens', '5', '--repeat', '1']
    command = ['benchmark.py', str(CONFIGS / 'cgstvg_toy.py'), '--device', 'cpu', '--out', str(out), *size, *options]
    monkeypatch.setattr(sys, 'argv', command)
    tool.main()
    return json.loads(out.read_text())


def test_yardstick_is_resnet101(tool):
    model = tool.plain_resnet101().eval()
    assert sum(p.numel() for p in model.parameters()) == 42_500_160  # without the classifier's 2,049,000
    with torch.no_grad():
        assert model(torch.zeros(2, 3, 64, 96)).shape == (2, 2048, 2, 3)


@pytest.mark.usefixtures('quick_yardstick')
def test_result(tool, monkeypatch, tmp_path, capsys):
    result = run(tool, monkeypatch, tmp_path, '--batch', '2')
    assert list(result['works']) == [tool.YARDSTICK, *PARTS, tool.INFERENCE, tool.TRAINING]
    yardstick = result['works'][tool.YARDSTICK]['seconds']
    for row in result['works'].values():
        assert row['seconds'] > 0
        assert row['ratio'] == pytest.approx(row['seconds'] / yardstick)
    assert (result['frames'], result['height'], result['width'], result['batch']) == (4, 64, 96, 2)
    assert (result['dtype'], result['compile'], result['repeat']) == ('float32', False, 1)
    assert result['bytes_kept_for_backward'] > 1e6
    assert result['device_reads'] == sum(result['device_read_places'].values())
    printed = capsys.readouterr().out
    for name in [*PARTS, 'inference', 'training step', 'kept for the backward pass', 'device reads']:
        assert name in printed


@pytest.mark.usefixtures('quick_yardstick')
def test_half_precision_keeps_less(tool, monkeypatch, tmp_path):
    full = run(tool, monkeypatch, tmp_path)
    half = run(tool, monkeypatch, tmp_path, '--dtype', 'bfloat16')
    assert half['dtype'] == 'bfloat16'
    # The toy model keeps float32 copies that outweigh what it saves; the full-size one keeps half.
    assert half['bytes_kept_for_backward'] < 1.1 * full['bytes_kept_for_backward']


@pytest.mark.usefixtures('quick_yardstick')
def test_model_without_motion(tool, monkeypatch, tmp_path):
    options = ['model.motion_backbone=None', 'model.head.context=None']
    result = run(tool, monkeypatch, tmp_path, '--cfg-options', *options)
    assert 'motion' not in result['works']


@pytest.mark.usefixtures('quick_yardstick')
def test_without_dropout(tool, monkeypatch, tmp_path):
    dropout = ['--cfg-options', 'model.encoder.dropout=0.1']
    with_dropout = run(tool, monkeypatch, tmp_path, *dropout)
    without = run(tool, monkeypatch, tmp_path, '--no-dropout', *dropout)
    assert without['no_dropout'] is True
    assert without['bytes_kept_for_backward'] < with_dropout['bytes_kept_for_backward']


@pytest.mark.slow
@pytest.mark.usefixtures('quick_yardstick')
def test_compiled_graphs_are_counted(tool, monkeypatch, tmp_path, capsys):
    """Traced as for compilation, without the compiler."""
    monkeypatch.setattr(torch, 'compile', partial(torch.compile, backend='eager'))
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    result = run(tool, monkeypatch, tmp_path, '--compile')
    assert result['graphs'] >= len(PARTS)
    assert 'compiled graphs' in capsys.readouterr().out


def test_loading(tool, monkeypatch, tmp_path, capsys):
    make = load_tool('dataset_tools/make_toy_dataset.py')
    monkeypatch.setattr(sys, 'argv', ['make', str(tmp_path / 'toy'), '--train', '6', '--test', '1', '--workers', '1'])
    make.main()
    result = run(
        tool,
        monkeypatch,
        tmp_path,
        *('--loading', '4', '--cfg-options', f'train_dataloader.dataset.data_root={tmp_path}/toy'),
        *('train_dataloader.batch_size=2', 'train_dataloader.num_workers=0'),
        'train_dataloader.persistent_workers=False',
    )
    assert result['loading']['items'] == 4
    assert result['loading']['items_per_second'] == result['loading']['items_per_second_and_worker'] > 0
    assert 'works' not in result
    assert 'items a second' in capsys.readouterr().out


@pytest.mark.parametrize('option', ['--frames', '--batch', '--repeat', '--loading'])
def test_sizes_are_positive(tool, option, capsys):
    with pytest.raises(SystemExit):
        tool.parse_args([str(CONFIGS / 'cgstvg_toy.py'), option, '0'])
    assert f'{option} must be positive' in capsys.readouterr().err


def test_random_text():
    cfg = Config.fromfile(CONFIGS / 'cgstvg_hcstvg.py')
    use_random_text(cfg)
    assert cfg.model.text_encoder.name_or_path is None
    assert cfg.model.text_encoder.config == ROBERTA_BASE
    toy = Config.fromfile(CONFIGS / 'cgstvg_toy.py')
    use_random_text(toy)
    assert toy.model == Config.fromfile(CONFIGS / 'cgstvg_toy.py').model
