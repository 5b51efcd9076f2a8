"""What a training and a test on a data set with broken files say, from the files to the log."""

import json
import sys

import pytest
from load_tool import TOOLS, load_tool

from mmstvg.datasets import VideoError

CONFIG = TOOLS.parent / 'configs' / 'cgstvg_toy.py'


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """A toy data set: of 6 training videos one is cut short and one has 0 bytes, of 3 test videos one is missing."""
    folder = tmp_path_factory.mktemp('toy')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'argv', ['make', str(folder), '--train', '6', '--test', '3', '--workers', '1'])
        load_tool('dataset_tools/make_toy_dataset.py').main()
    videos = folder / 'v1_video'
    (videos / 'toy_train_00001.mp4').write_bytes(b'')
    cut = videos / 'toy_train_00003.mp4'
    cut.write_bytes(cut.read_bytes()[: int(0.6 * cut.stat().st_size)])
    (videos / 'toy_test_00001.mp4').unlink()
    return folder


def run(monkeypatch, tool, data, work_dir, *arguments, answer='skip'):
    """Run a tool with two data workers; its log."""
    loaders = [f'{split}_dataloader' for split in ('train', 'val', 'test')]
    changes = {f'{loader}.dataset.data_root': data for loader in loaders}
    changes |= {f'{loader}.dataset.on_broken_video': answer for loader in loaders}
    changes |= {'train_dataloader.batch_size': 2, 'train_dataloader.num_workers': 2, 'train_cfg.max_epochs': 1}
    changes |= {'default_hooks.visualization': None, 'experiment_name': work_dir.name}
    command = [tool, str(CONFIG), *map(str, arguments), '--work-dir', str(work_dir), '--cfg-options']
    monkeypatch.setattr(sys, 'argv', [*command, *(f'{key}={value}' for key, value in changes.items())])
    load_tool(f'{tool}.py').main()
    (log,) = work_dir.rglob('*.log')
    return log.read_text()


def test_training_goes_on_without_them_and_testing_counts_misses(data, tmp_path, monkeypatch):
    log = run(monkeypatch, 'train', data, tmp_path / 'training')
    assert log.count('items are left out') == 1
    assert '2 items are left out, for their videos cannot be read (empty: 1, truncated: 1):' in log
    assert f'  item 1 ({data}/v1_video/toy_train_00001.mp4): empty' in log
    misses = '1 of 3 items have no predicted tube and count 0 (missing: 1).'
    assert log.count(misses) == 1  # the validation

    (checkpoint,) = (tmp_path / 'training').glob('epoch_1.pth')
    out = tmp_path / 'predictions.json'
    log = run(monkeypatch, 'test', data, tmp_path / 'testing', checkpoint, '--out', out)
    assert misses in log
    assert [record['item_id'] for record in json.loads(out.read_text())] == [0, 2]
    averages = [line.split() for line in log.splitlines() if line.startswith('all ')]
    assert averages[0][:2] == ['all', '3']


def test_by_default_the_training_stops_and_names_the_file(data, tmp_path, monkeypatch):
    with pytest.raises(VideoError, match=r"toy_train_0000[13]\.mp4: .*item [13].*on_broken_video='skip'"):
        run(monkeypatch, 'train', data, tmp_path / 'training', answer='raise')
