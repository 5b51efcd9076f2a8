"""demo/ground_video.py from its command line, inside this process."""

import importlib.util
import json
from pathlib import Path

import pytest
import torch
from batches import CONFIGS
from toy_files import cut_file, make_toy_test_set, save_toy_checkpoint, write_no_frames

from mmstvg.apis import STVGInferencer
from mmstvg.datasets import open_video
from mmstvg.evaluation.predictions_file import read_predictions

SCRIPT = Path(__file__).parents[2] / 'demo' / 'ground_video.py'
TEXTS = ['the red circle moves up', 'the blue square moves to the left']


@pytest.fixture(scope='module')
def script():
    spec = importlib.util.spec_from_file_location('ground_video', SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def toy(tmp_path_factory):
    root = tmp_path_factory.mktemp('toy')
    (video, _), *_ = make_toy_test_set(root, 1)
    return video, save_toy_checkpoint(root / 'toy.pth', root)


@pytest.fixture
def run(script, monkeypatch, tmp_path):
    def run(*words):
        monkeypatch.setattr('sys.argv', ['ground_video.py', *map(str, words), '--out', str(tmp_path / 'out')])
        return script.main()

    return run


def test_same_tubes_as_in_python(run, toy, tmp_path, capsys):
    video, checkpoint = toy
    assert run(video, *TEXTS, checkpoint, '--gif', '--attention', -1, '--device', 'cpu') == 0
    expected = STVGInferencer(weights=checkpoint, device='cpu')(video, TEXTS, show_progress=False)['predictions']
    out = tmp_path / 'out'
    assert json.loads((out / 'predictions.json').read_text()) == expected
    assert list(read_predictions(out / 'predictions.json')) == [0, 1]
    endings = ('.mp4', '.png', '.gif', '_timeline.png', '_attention.png')
    names = {f'{video.stem}_{i}{ending}' for i in (0, 1) for ending in endings}
    assert {path.name for path in out.iterdir()} == {*names, 'predictions.json'}
    with open_video(str(out / f'{video.stem}_1.mp4')) as copy:
        assert copy.frame_count == expected[1]['frame_count']
    printed = capsys.readouterr().out
    for prediction in expected:
        start, end = prediction['span_seconds']
        assert f'"{prediction["text"]}"\n    {start:.2f} to {end:.2f} s' in printed


def test_config_in_front_of_the_checkpoint(run, toy, tmp_path):
    video, checkpoint = toy
    bare = tmp_path / 'bare.pth'
    torch.save(torch.load(checkpoint, weights_only=True)['state_dict'], bare)
    assert run(video, TEXTS[0], CONFIGS / 'cgstvg_toy.py', bare, '--no-mp4', '--device', 'cpu') == 0
    assert not list((tmp_path / 'out').glob('*.mp4'))
    (prediction,) = json.loads((tmp_path / 'out/predictions.json').read_text())
    (expected,) = STVGInferencer(weights=checkpoint, device='cpu')(video, TEXTS[0], show_progress=False)['predictions']
    assert prediction == expected


@pytest.mark.parametrize(
    ('content', 'text', 'message'),
    [
        (None, 'the red circle', 'no such video file'),
        (b'', 'the red circle', '0 bytes'),
        (b'this is no video' * 100, 'the red circle', 'cannot be decoded'),
        (b'', ' ', 'is empty. Say what to look for'),
    ],
)
def test_bad_input_is_answered_in_one_line(run, toy, tmp_path, capsys, content, text, message):
    video = tmp_path / 'a "b" ..mp4'
    if content is not None:
        video.write_bytes(content)
    assert run(video, text, toy[1], '--device', 'cpu') == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith('ground_video.py:')]
    assert message in line


def test_bad_stage_is_named_before_the_search(run, toy, tmp_path, capsys):
    assert run(toy[0], TEXTS[0], toy[1], '--attention', 9, '--device', 'cpu') == 1
    printed = capsys.readouterr()
    assert 'The decoder has stages 0 to 2, got 9' in printed.err
    assert 'looking' not in printed.err


def test_bfloat16(run, toy, tmp_path):
    assert run(toy[0], TEXTS[0], toy[1], '--no-mp4', '--device', 'cpu', '--amp') == 0
    (found,) = json.loads((tmp_path / 'out/predictions.json').read_text())
    rounded = STVGInferencer(weights=toy[1], device='cpu', amp=True)
    assert [found] == rounded(toy[0], TEXTS[0], show_progress=False)['predictions']


def test_video_without_frames_is_named(run, toy, tmp_path, capsys):
    assert run(write_no_frames(tmp_path / 'a.mp4'), TEXTS[0], toy[1], '--device', 'cpu') == 1
    assert 'no frame of it decodes' in capsys.readouterr().err


def test_cut_video_is_answered_with_a_warning(run, toy, tmp_path, capsys):
    cut = cut_file(toy[0], tmp_path / 'cut.mp4')
    assert run(cut, TEXTS[0], toy[1], '--no-mp4', '--device', 'cpu') == 0
    (line,) = [line for line in capsys.readouterr().err.splitlines() if 'cut short' in line]
    assert line.startswith(f'Warning: {cut}: the file is cut short: it lists')


def test_weights_without_config_are_named(run, toy, tmp_path, capsys):
    bare = tmp_path / 'bare.pth'
    torch.save({}, bare)
    assert run(toy[0], TEXTS[0], bare) == 1
    assert 'holds weights without their config; name the config, too' in capsys.readouterr().err


def test_long_sentence_and_emoji(run, toy, capsys):
    assert run(toy[0], 'the red circle ' * 667, '🟥 ➡', toy[1], '--no-mp4', '--device', 'cpu') == 0
    printed = capsys.readouterr()
    assert '🟥 ➡' in printed.out
    assert max(map(len, printed.out.splitlines())) < 400
