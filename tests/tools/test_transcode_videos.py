import sys
from pathlib import Path

import numpy as np
from load_tool import load_tool

sys.path.append(str(Path(__file__).parents[1] / 'datasets'))
from make_video import write_video  # noqa: E402

from mmstvg.datasets import open_video  # noqa: E402


def test_copies(tmp_path, monkeypatch, capsys):
    source, target = tmp_path / 'source', tmp_path / 'target'
    (source / '0001').mkdir(parents=True)
    write_video(source / 'a.mp4')
    write_video(source / '0001' / 'b.mkv', frames=30, width=98)
    (source / 'broken.mp4').write_bytes(b'nothing')
    tool = load_tool('dataset_tools/transcode_videos.py')
    monkeypatch.setattr('sys.argv', ['x', str(source), str(target), '--height', '32', '--workers', '1', '--group', '4'])
    assert tool.main() == 1
    printed = capsys.readouterr().out
    assert '2 copies' in printed
    assert f'Not copied: {source / "broken.mp4"}' in printed

    for name, frames, size in (('a.mp4', 50, (32, 48)), ('0001/b.mp4', 30, (32, 48))):
        with open_video(str(target / name)) as copy:
            assert (copy.frame_count, copy.size, copy.fps) == (frames, size, 25)
    with open_video(str(source / 'a.mp4')) as original, open_video(str(target / 'a.mp4')) as copy:
        places = [0, 17, 49]
        difference = original.read(places).mean(axis=(1, 2)) - copy.read(places).mean(axis=(1, 2))
        assert np.abs(difference).max() < 5  # the same frames
    assert sorted(path.name for path in target.rglob('*.mp4')) == ['a.mp4', 'b.mp4']

    (source / 'broken.mp4').unlink()
    before = (target / 'a.mp4').stat().st_mtime_ns
    assert tool.main() == 0
    assert (target / 'a.mp4').stat().st_mtime_ns == before  # goes on where it was


def test_size_of_copies():
    tool = load_tool('dataset_tools/transcode_videos.py')
    assert tool.copy_size(720, 1280, 420) == (420, 746)
    assert tool.copy_size(360, 640, 420) == (360, 640)
    assert tool.copy_size(363, 641, 420) == (364, 640)
