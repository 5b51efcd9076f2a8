import json
import sys
from pathlib import Path

import numpy as np
import pytest
from load_tool import TOOLS, load_tool

sys.path.append(str(Path(__file__).parents[1] / 'datasets'))
from make_video import rotate, write_sound, write_video  # noqa: E402
from make_vidstg import vidstg_entry  # noqa: E402

from mmstvg.datasets.dataset_check import KINDS  # noqa: E402

GOOD = dict(bbox=[[10, 10, 20, 20]] * 20, st_frame=16, img_num=50, caption='a man walks', width=96, height=64)
CONFIG = """
dataset = dict(type='HCSTVGDataset', ann_file='{ann}', data_prefix=dict(video='{video}'), exclude={exclude})
train_dataloader = dict(dataset=dataset)
val_dataloader = train_dataloader
test_dataloader = None
"""


def changed(**changes):
    return {**GOOD, **changes}


def without_length(entry):
    return {key: value for key, value in entry.items() if key != 'img_num'}


# video name: (entry, kinds that are to be found)
DEFECTS = {
    'good.mp4': (GOOD, set()),
    'missing.mp4': (GOOD, {'missing video'}),
    'empty.mp4': (GOOD, {'empty video'}),
    'noise.mp4': (GOOD, {'undecodable video'}),
    'sound.mp4': (GOOD, {'video without picture'}),
    'cut.mkv': (GOOD, {'truncated video'}),
    'half.mp4': (without_length(changed(bbox=[[10, 10, 20, 20]] * 3)), {'frame count differs'}),
    'ends_early.mp4': (without_length(changed(st_frame=41)), {'truncated video'}),
    'zeros.mp4': (GOOD, {'undecodable video'}),
    'lying.mp4': (GOOD, {'video on its side'}),
    'longer.mp4': (changed(img_num=40), {'frame count differs'}),
    'wide.mp4': (changed(width=128), {'frame size differs'}),
    'silent.mp4': (changed(caption=' '), {'bad sentence'}),
    'foreign.mp4': (changed(caption='человек идёт'), {'non-Latin sentence'}),
    'late.mp4': (changed(st_frame=45), {'bad event'}),
    'no_event.mp4': (changed(bbox=[]), {'bad event'}),
    'twice.mp4': (GOOD, {'duplicate id'}),
    'words.mp4': (changed(img_num='many'), {'bad entry'}),
    'triples.mp4': (changed(bbox=[[1, 2, 3]]), {'bad boxes'}),
    'gap.mp4': (changed(bbox=[[10, 10, 20, 20], [], [10, 10, 20, 20]]), {'box missing'}),
    'flat.mp4': (changed(bbox=[[10, 10, 20, 0]] * 3), {'box degenerate'}),
    'outside.mp4': (changed(bbox=[[90, 10, 20, 20]] * 3), {'box outside the frame'}),
    'jump.mp4': (changed(bbox=[[10, 10, 20, 20], [60, 40, 20, 20]]), {'box jumps'}),
}


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('videos')
    write_video(folder / 'good.mp4', container={'movflags': 'faststart'})
    write_video(folder / 'whole.mkv')
    whole = (folder / 'good.mp4').read_bytes()
    for name in DEFECTS:
        if name not in ('good.mp4', 'missing.mp4'):
            (folder / name).write_bytes(whole)
    (folder / 'empty.mp4').write_bytes(b'')
    (folder / 'noise.mp4').write_bytes(np.random.default_rng(0).bytes(9999))
    write_sound(folder / 'sound.mp4')
    rotate(folder / 'good.mp4', folder / 'lying.mp4', 90)
    matroska = (folder / 'whole.mkv').read_bytes()
    (folder / 'cut.mkv').write_bytes(matroska[: int(0.6 * len(matroska))])
    (folder / 'half.mp4').write_bytes(whole[: int(0.6 * len(whole))])
    start, end = int(0.5 * len(whole)), int(0.6 * len(whole))
    (folder / 'zeros.mp4').write_bytes(whole[:start] + bytes(end - start) + whole[end:])
    return folder


def run(folder, names, monkeypatch, *arguments, exclude=()):
    ann, config = folder / 'test.json', folder / 'config.py'
    entries = json.dumps({name: DEFECTS[name][0] for name in names})
    if 'twice.mp4' in names:  # no dictionary holds a key twice
        entries = f'{entries[:-1]}, "twice.mp4": {json.dumps(GOOD)}}}'
    ann.write_text(entries)
    config.write_text(CONFIG.format(ann=ann, video=folder, exclude=repr(exclude)))
    tool = load_tool('dataset_tools/check_dataset.py')
    arguments = [str(config), '--workers', '1', *map(str, arguments)]
    monkeypatch.setattr('sys.argv', ['check_dataset.py', *arguments])
    return tool.main()


def test_one_of_each_defect(folder, tmp_path, monkeypatch, capsys):
    report, exclude = tmp_path / 'new' / 'report.json', tmp_path / 'other' / 'exclude.txt'
    assert run(folder, DEFECTS, monkeypatch, '--json', report, '--write-exclude', exclude) == 1
    content = json.loads(report.read_text())
    assert list(content) == ['train']  # the same file twice is read once
    found = {name: set() for name in DEFECTS}
    for finding in content['train']['findings']:
        found[finding['video_id']].add(finding['kind'])
        assert finding['stops'] == KINDS[finding['kind']]
    assert found == {name: kinds for name, (_, kinds) in DEFECTS.items()}
    printed = capsys.readouterr().out
    assert 'undecodable video: 2 (stops a training)' in printed
    assert 'box jumps: 1 (looks wrong)' in printed

    assert run(folder, DEFECTS, monkeypatch, exclude=str(exclude)) == 0
    assert 'Nothing would stop a training.' in capsys.readouterr().out


def test_list_keeps_what_the_config_excludes(folder, tmp_path, monkeypatch):
    exclude = tmp_path / 'exclude.txt'
    names = ['good.mp4', 'empty.mp4', 'noise.mp4']
    assert run(folder, names, monkeypatch, '--write-exclude', exclude, exclude=['noise.mp4']) == 1
    lines = exclude.read_text().splitlines()
    assert lines == ['empty.mp4  # empty video', 'noise.mp4  # excluded before']


def test_nothing_to_find(folder, monkeypatch, capsys):
    assert run(folder, ['good.mp4'], monkeypatch) == 0
    assert '1 items, 1 videos, 0 findings' in capsys.readouterr().out


def test_split_that_the_config_lacks(folder, monkeypatch):
    with pytest.raises(ValueError, match=r'config\.py has no test_dataloader'):
        run(folder, ['good.mp4'], monkeypatch, '--splits', 'test')


def test_unreadable_annotation(folder, tmp_path, monkeypatch, capsys):
    tool = load_tool('dataset_tools/check_dataset.py')
    (tmp_path / 'half.json').write_text('{"good.mp4": {"bbox": [')
    for ann, message in (('half.json', 'cannot be read as JSON'), ('absent.json', 'There is no annotation file')):
        config = tmp_path / 'config.py'
        config.write_text(CONFIG.format(ann=tmp_path / ann, video=folder, exclude='()'))
        monkeypatch.setattr('sys.argv', ['check_dataset.py', str(config), '--splits', 'train'])
        assert tool.main() == 1
        printed = capsys.readouterr().out
        assert 'unreadable annotation: 1 (stops a training)' in printed
        assert message in printed


def test_toy_data_has_no_findings(tmp_path, monkeypatch, capsys):
    arguments = ['make', str(tmp_path), '--train', '4', '--test', '2', '--workers', '1']
    monkeypatch.setattr('sys.argv', arguments)
    load_tool('dataset_tools/make_toy_dataset.py').main()
    config = tmp_path / 'config.py'
    base = TOOLS.parent / 'configs' / '_base_' / 'datasets' / 'toy.py'
    config.write_text(base.read_text().replace("'data/toy/'", f"'{tmp_path}/'"))
    monkeypatch.setattr('sys.argv', ['check_dataset.py', str(config), '--workers', '1'])
    assert load_tool('dataset_tools/check_dataset.py').main() == 0
    printed = capsys.readouterr().out
    assert '4 items, 4 videos, 0 findings' in printed
    assert '2 items, 2 videos, 0 findings' in printed


VIDSTG = vidstg_entry(
    vid='good',
    frame_count=50,
    used_segment=dict(begin_fid=0, end_fid=49),
    temporal_gt=dict(begin_fid=10, end_fid=29),
    questions=[dict(description='who runs', target_id=1)],
)


def test_vidstg(folder, tmp_path, monkeypatch, capsys):
    """What cannot be used is listed; ids that stand there twice are found."""
    box = dict(xmin=9, ymin=9, xmax=29, ymax=29)
    frames = [[dict(tid=0, bbox=box)] + ([dict(tid=1, bbox=box)] if i != 20 else []) for i in range(50)]
    (tmp_path / 'boxes').mkdir()
    (tmp_path / 'boxes' / 'good.json').write_text(json.dumps(dict(trajectories=frames)))
    (tmp_path / 'sentences.json').write_text(json.dumps([VIDSTG]))
    pair = {key: value for key, value in VIDSTG.items() if key not in ('captions', 'questions', 'temporal_gt')}
    pair.update(id=7, qtype='declar', sentence='a man', ori_temp_gt=VIDSTG['temporal_gt'], target_bboxs=[box] * 20)
    (tmp_path / 'merged.json').write_text(json.dumps([pair, pair]))
    config = f"""
prefix = dict(video='{folder}', boxes='{tmp_path}/boxes')
train_dataloader = dict(dataset=dict(type='VidSTGDataset', ann_file='{tmp_path}/sentences.json', data_prefix=prefix))
val_dataloader = dict(dataset=dict(type='VidSTGDataset', ann_file='{tmp_path}/merged.json', data_prefix=prefix))
"""
    (tmp_path / 'config.py').write_text(config)
    report = tmp_path / 'report.json'
    arguments = [str(tmp_path / 'config.py'), '--splits', 'train', 'val', '--workers', '1', '--json', str(report)]
    monkeypatch.setattr('sys.argv', ['check_dataset.py', *arguments])
    assert load_tool('dataset_tools/check_dataset.py').main() == 1
    content = json.loads(report.read_text())
    (finding,) = content['train']['findings']
    assert (finding['kind'], finding['item_id'], finding['stops']) == ('left out', 1, False)
    assert finding['message'] == 'a box is missing inside the event'
    assert [finding['kind'] for finding in content['val']['findings']] == ['duplicate id', 'duplicate id']
