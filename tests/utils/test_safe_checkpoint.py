"""Checkpoints are read, other things are refused, and nothing in a file is ever run."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import load_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn

from mmstvg.utils import install_safe_loading, read_checkpoint, safe_checkpoint

install_safe_loading()


@pytest.fixture(params=['torch as installed', 'the way for torch < 2.6'])
def _both_ways(request, monkeypatch):
    if request.param == 'the way for torch < 2.6':
        monkeypatch.setattr(safe_checkpoint, 'digit_version', lambda version: (0,) if version != '2.6.0' else (2, 6))


both_ways = pytest.mark.usefixtures('_both_ways')


class Calls:
    """Unpickling it calls a function."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def history(*values):
    buffer = HistoryBuffer()
    for value in values:
        buffer.update(value)
    return buffer


def mmengine_checkpoint():
    """What MMEngine puts into one, by type."""
    return dict(
        meta=dict(epoch=1, iter=5, cfg='', seed=2021, dataset_meta=dict(classes=('a', 'b'))),
        state_dict=nn.Linear(2, 2).state_dict(),
        message_hub=dict(
            log_scalars={'train/loss': history(0.5, 0.25)},
            runtime_info=dict(score=np.float64(0.5), count=np.int64(3), flag=np.bool_(True), ids=np.arange(3)),
            resumed_keys=dict(loss=True),
        ),
        optimizer=torch.optim.AdamW(nn.Linear(2, 2).parameters()).state_dict(),
    )


@both_ways
def test_a_checkpoint_of_mmengine_is_read(tmp_path):
    torch.save(mmengine_checkpoint(), tmp_path / 'epoch_1.pth')
    content = read_checkpoint(tmp_path / 'epoch_1.pth')
    hub = content['message_hub']
    assert hub['log_scalars']['train/loss'].mean() == 0.375
    assert hub['log_scalars']['train/loss'].statistics('max') == 0.5
    assert hub['runtime_info']['ids'].tolist() == [0, 1, 2]
    assert content['optimizer']['param_groups'][0]['lr'] == 1e-3


@pytest.mark.parametrize('new_format', [True, False])
@both_ways
def test_code_is_refused_and_never_run(tmp_path, new_format):
    content = dict(state_dict=dict(a=Calls(os.mkdir, str(tmp_path / 'run'))))
    torch.save(content, tmp_path / 'evil.pth', _use_new_zipfile_serialization=new_format)
    with pytest.raises(ValueError, match=r'evil\.pth holds `posix\.mkdir`, which is neither a tensor nor plain data'):
        read_checkpoint(tmp_path / 'evil.pth')
    (tmp_path / 'evil.pkl').write_bytes(pickle.dumps(content))
    with pytest.raises(ValueError, match=r'evil\.pkl'):
        read_checkpoint(tmp_path / 'evil.pkl')
    assert not (tmp_path / 'run').exists()


@both_ways
def test_getattr_reaches_nothing_but_the_four_statistics(tmp_path):
    torch.save(dict(a=Calls(getattr, HistoryBuffer, '__init__')), tmp_path / 'evil.pth')
    with pytest.raises(ValueError, match=r"getattr\(.*HistoryBuffer.*'__init__'\)"):
        read_checkpoint(tmp_path / 'evil.pth')


@both_ways
def test_other_classes_are_refused(tmp_path):
    torch.save(dict(model=nn.Linear(1, 1)), tmp_path / 'model.pth')
    with pytest.raises(ValueError, match=r'holds `torch\.nn\.modules\.linear\.Linear`'):
        read_checkpoint(tmp_path / 'model.pth')


@pytest.mark.parametrize('part', [0, 1, 100, 0.5, -1])
@both_ways
def test_a_half_written_file_is_named(tmp_path, part):
    torch.save(mmengine_checkpoint(), tmp_path / 'whole.pth')
    content = (tmp_path / 'whole.pth').read_bytes()
    (tmp_path / 'half.pth').write_bytes(content[: int(part * len(content)) if isinstance(part, float) else part])
    with pytest.raises(
        ValueError, match=r'half\.pth (cannot be read as a checkpoint: it is damaged|is not a checkpoint)'
    ):
        read_checkpoint(tmp_path / 'half.pth')


@both_ways
def test_other_files_are_named(tmp_path):
    (tmp_path / 'notes.txt').write_text('These are notes, not weights.\n' * 9)
    with pytest.raises(ValueError, match=r'notes\.txt'):
        read_checkpoint(tmp_path / 'notes.txt')
    torch.save([1, 2], tmp_path / 'list.pth')
    with pytest.raises(ValueError, match=r'list\.pth holds a list where a checkpoint holds a dictionary'):
        read_checkpoint(tmp_path / 'list.pth')
    with pytest.raises(FileNotFoundError, match=r'absent\.pth does not exist'):
        read_checkpoint(tmp_path / 'absent.pth')


def test_a_config_in_the_checkpoint_is_not_run(tmp_path):
    """`Runner.resume` runs the text under meta.config as Python."""
    text = f"import os\nos.mkdir('{tmp_path / 'run'}')"
    torch.save(dict(meta=dict(config=text, epoch=1), state_dict={}), tmp_path / 'evil.pth')
    assert CheckpointLoader.load_checkpoint(str(tmp_path / 'evil.pth'))['meta'] == dict(epoch=1)


def test_read_checkpoint_needs_no_installation(tmp_path):
    torch.save(mmengine_checkpoint(), tmp_path / 'epoch_1.pth')
    code = f"from mmstvg.utils import read_checkpoint; print(read_checkpoint('{tmp_path}/epoch_1.pth')['meta']['iter'])"
    assert subprocess.run([sys.executable, '-c', code], capture_output=True, text=True).stdout == '5\n'


def test_plain_torch_load_reads_mmengine_checkpoints_too(tmp_path):
    torch.save(mmengine_checkpoint(), tmp_path / 'epoch_1.pth')
    assert torch.load(tmp_path / 'epoch_1.pth')['meta']['seed'] == 2021


def test_all_of_mmengine_loads_safely(tmp_path, monkeypatch):
    """Files, addresses and names of known models; what has been downloaded is not downloaded again."""
    model = nn.Linear(2, 2)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'good.pth')
    load_checkpoint(model, str(tmp_path / 'good.pth'))
    (tmp_path / 'checkpoints').mkdir()
    content = dict(state_dict=dict(a=Calls(os.mkdir, str(tmp_path / 'run'))))
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    monkeypatch.setattr(
        'mmengine.runner.checkpoint.get_torchvision_models', lambda: dict(net='https://host.test/evil.pth')
    )
    monkeypatch.setattr(torch.hub, 'download_url_to_file', lambda url, path, progress: torch.save(content, path))
    torch.save(content, tmp_path / 'evil.pth')
    for place in (str(tmp_path / 'evil.pth'), 'https://host.test/evil.pth?x=1', 'torchvision://net'):
        with pytest.raises(ValueError, match='neither a tensor nor plain data'):
            load_checkpoint(model, place)
    assert not (tmp_path / 'run').exists()
    torch.save(dict(a=torch.ones(1)), tmp_path / 'checkpoints' / 'known.pth')
    assert CheckpointLoader.load_checkpoint('https://host.test/known.pth', 'cpu')['a'] == 1
