"""From queries without ground truth to the file that the HC-STVG challenge reads."""

import json

import pytest
from load_tool import TOOLS, load_tool
from toy_files import make_toy_test_set, save_toy_checkpoint

from mmstvg.evaluation import read_predictions

CONFIG = TOOLS.parent / 'configs' / 'cgstvg_toy.py'


def call(monkeypatch, tool, *arguments):
    monkeypatch.setattr('sys.argv', [tool, *map(str, arguments)])
    load_tool(tool).main()


@pytest.fixture(scope='module')
def toy(tmp_path_factory):
    """Videos and sentences, nothing else, and weights."""
    root = tmp_path_factory.mktemp('toy')
    videos = make_toy_test_set(root, 3)
    queries = {path.name: dict(English=text) for path, text in videos}
    (root / 'queries.json').write_text(json.dumps(queries))
    return root, list(queries), save_toy_checkpoint(root / 'toy.pth', root)


def test_queries_are_predicted_and_exported(toy, tmp_path, monkeypatch, capsys):
    root, names, checkpoint = toy
    out, submission = tmp_path / 'predictions.json', tmp_path / 'new' / 'submission.json'
    options = ['ann_file=queries.json', f'data_root={root}']
    options = [f'test_dataloader.dataset.{option}' for option in options]
    options += ['test_dataloader.num_workers=0', 'test_dataloader.persistent_workers=False']
    options += ['default_hooks.visualization=None', 'experiment_name=queries']
    where = ('--out', out, '--work-dir', tmp_path / 'run', '--cfg-options', *options)
    call(monkeypatch, 'test.py', CONFIG, checkpoint, *where)
    assert '3 of 3 items have no ground truth and are not scored' in capsys.readouterr().out

    call(monkeypatch, 'dataset_tools/export_hcstvg.py', out, submission)
    predictions = {record['video_id']: record for record in read_predictions(out).values()}
    exported = json.loads(submission.read_text())
    assert list(exported) == names
    for name, answer in exported.items():
        start, end = predictions[name]['span']
        assert list(answer) == ['st_frame', 'ed_frame', 'bbox']
        assert (answer['st_frame'], answer['ed_frame']) == (start + 1, end)
        frames = list(map(int, answer['bbox']))
        assert set(frames) <= set(range(start + 1, end + 1))
        assert frames == sorted(frames)
        for frame, box in answer['bbox'].items():
            assert box == predictions[name]['boxes'][str(int(frame) - 1)]


def test_two_predictions_for_a_video_are_refused(tmp_path, monkeypatch):
    records = [dict(item_id=i, video_id='a.mp4', span=[1, 3], boxes={}) for i in range(2)]
    (tmp_path / 'a.json').write_text(json.dumps(records))
    with pytest.raises(ValueError, match=r"'a\.mp4' has two predictions"):
        call(monkeypatch, 'dataset_tools/export_hcstvg.py', tmp_path / 'a.json', tmp_path / 'b.json')
