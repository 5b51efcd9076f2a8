import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from load_tool import load_tool

sys.path.append(str(Path(__file__).parents[1] / 'datasets'))
from make_video import decode_all, write_video  # noqa: E402

WORKS = ['decode everything', 'pyav, float32', 'pyav, uint8', 'decord, float32', 'decord, uint8']


@pytest.fixture(scope='module')
def tool():
    return load_tool('analysis_tools/benchmark_reading.py')


def run(tool, monkeypatch, out, *arguments):
    monkeypatch.setattr(sys, 'argv', ['benchmark_reading.py', *map(str, arguments), '--out', str(out)])
    tool.main()
    return json.loads(out.read_text())


def test_result(tool, monkeypatch, tmp_path, capsys):
    write_video(tmp_path / 'a.mp4')
    options = ('--frames', '8', '--height', '32', '--repeat', '1')
    result = run(tool, monkeypatch, tmp_path / 'new' / 'result.json', tmp_path / 'a.mp4', *options)
    assert result['everything_by'] == ('ffmpeg' if shutil.which('ffmpeg') else 'PyAV')
    (video,) = result['videos']
    assert (video['frames'], video['frame_count'], video['size'], video['height']) == (8, 50, [64, 96], 32)
    assert video['decoded_bytes'] == 50 * 64 * 96 * 3
    assert list(video['works']) == WORKS
    for row in video['works'].values():
        assert row['seconds'] > 0
        assert row['times_faster'] == pytest.approx(video['works'][WORKS[0]]['seconds'] / row['seconds'])
    printed = capsys.readouterr().out
    assert all(name in printed for name in WORKS)


def test_without_decord(tool, monkeypatch, tmp_path):
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    write_video(tmp_path / 'a.mp4')
    options = ('--frames', '2', '--height', '32', '--repeat', '1')
    (video,) = run(tool, monkeypatch, tmp_path / 'result.json', tmp_path / 'a.mp4', *options)['videos']
    assert list(video['works']) == [name for name in WORKS if not name.startswith('decord')]


def test_decode_everything_gives_the_wanted_frames(tool, tmp_path):
    write_video(tmp_path / 'a.mp4')
    frames = tool.decode_everything(str(tmp_path / 'a.mp4'), (64, 96), np.array([3, 40]))
    if tool.shutil.which('ffmpeg') is None:  # which may convert colours another way
        assert np.array_equal(frames, decode_all(tmp_path / 'a.mp4')[[3, 40]])
    assert frames.shape == (2, 64, 96, 3)


@pytest.mark.slow
def test_default_is_4_times_faster_and_takes_a_tenth_of_the_memory(tool, monkeypatch, tmp_path):
    video = tool.make_video(tmp_path / 'long.mp4', group=250)
    result = run(tool, monkeypatch, tmp_path / 'result.json', video)
    default = result['videos'][0]['works']['pyav, float32']
    assert default['times_faster'] >= 4
    assert default['share_of_memory'] < 0.1


def test_sizes_are_positive(tool, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['benchmark_reading.py', '--frames', '0'])
    with pytest.raises(SystemExit):
        tool.parse_args()
    assert '--frames must be positive' in capsys.readouterr().err
