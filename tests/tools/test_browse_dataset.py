import json
import sys
from pathlib import Path

import pytest
from load_tool import load_tool

sys.path.append(str(Path(__file__).parents[1] / 'datasets'))
from make_video import write_video  # noqa: E402

from mmstvg.datasets import open_video  # noqa: E402

CONFIG = """
train_dataloader = dict(dataset=dict(
    type='HCSTVGDataset', ann_file='{folder}/a.json', data_prefix=dict(video='{folder}'), duration=2.0,
    pipeline=[
        dict(type='SampleFramesByFPS', target_fps=5),
        dict(type='DecodeFrames', resize=dict(type='ResizeClip', height=32)),
        dict(type='RandomFlipClip', prob=1.0),
        dict(type='PackSTVGInputs'),
    ],
))
"""


def test_pictures(tmp_path, monkeypatch, capsys):
    write_video(tmp_path / 'a.mp4')
    entry = dict(bbox=[[10, 10, 20, 20]] * 20, st_frame=16, img_num=50, caption='to the left', width=96, height=64)
    (tmp_path / 'a.json').write_text(json.dumps({'a.mp4': entry}))
    (tmp_path / 'config.py').write_text(CONFIG.format(folder=tmp_path))
    out = tmp_path / 'out'
    monkeypatch.setattr('sys.argv', ['x', str(tmp_path / 'config.py'), '--out', str(out), '--epochs', '2'])
    load_tool('analysis_tools/browse_dataset.py').main()
    names = sorted(path.name for path in out.iterdir())
    assert names == [f'000000_epoch{epoch}.{suffix}' for epoch in (0, 1) for suffix in ('mp4', 'png')]
    assert 'to the right' in capsys.readouterr().out  # the clip is mirrored
    with open_video(str(out / '000000_epoch0.mp4')) as video:
        assert video.frame_count == 11


def test_items_by_id(tmp_path, monkeypatch, capsys):
    write_video(tmp_path / 'b.mp4')
    entry = dict(bbox=[[10, 10, 20, 20]] * 20, st_frame=16, img_num=50, caption='up', width=96, height=64)
    (tmp_path / 'a.json').write_text(json.dumps({'a.mp4': entry, 'b.mp4': entry}))
    config = CONFIG.format(folder=tmp_path).replace('duration=2.0', "duration=2.0, exclude=('a.mp4',)")
    (tmp_path / 'config.py').write_text(config)
    out = tmp_path / 'out'
    command = ['x', str(tmp_path / 'config.py'), '--out', str(out), '--no-video', '--ids']
    monkeypatch.setattr('sys.argv', [*command, '1'])
    load_tool('analysis_tools/browse_dataset.py').main()
    assert [path.name for path in out.iterdir()] == ['000001_epoch0.png']
    monkeypatch.setattr('sys.argv', [*command, '0', '1'])
    with pytest.raises(SystemExit, match=r'has no items \[0\]'):
        load_tool('analysis_tools/browse_dataset.py').main()
