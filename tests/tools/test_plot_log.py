import json
import math
import sys

import cv2
import pytest
from load_tool import load_tool


@pytest.fixture(scope='module')
def plot_log():
    return load_tool('analysis_tools/plot_log.py')


def training(iteration, epoch=1, **scalars):
    loss = 10.0 / iteration
    entry = {'loss': loss, 'loss_bbox': loss / 2, 'd0.loss_bbox': loss / 4, 'd1.loss_bbox': loss / 4}
    rates = {'lr': 3e-4, 'rest_lr': 3e-4, 'text_lr': 5e-5 / iteration, 'grad_norm': 7.0}
    counters = {'epoch': epoch, 'iter': iteration, 'step': iteration}
    return {**entry, **rates, 'time': 0.5, 'data_time': 0.1, **counters, **scalars}


def validation(epoch, score):
    return {'m_vIoU': score, 'data_time': 9.0, 'time': 9.0, 'step': epoch}


def write_log(run, date, entries):
    log = run / date / 'vis_data' / 'scalars.json'
    log.parent.mkdir(parents=True)
    log.write_text('\n'.join(map(json.dumps, entries)) + '\n')
    return log


@pytest.fixture
def run(tmp_path):
    run = tmp_path / 'run'
    write_log(run, '20250101_120000', [training(1), training(2), validation(1, 0.1), training(3, 2)])
    return run


def test_curves(plot_log, run):
    curves = plot_log.read_run(run)
    assert curves['loss'] == ([1, 2, 3], [10.0, 5.0, 10 / 3])
    assert curves['m_vIoU'] == ([2], [0.1])  # at the iteration that it followed
    assert curves['time'] == ([1, 2, 3], [0.5] * 3)  # of training, not of validation
    assert not {'epoch', 'iter', 'step'} & set(curves)


def test_resumed_run_is_one_curve(plot_log, run):
    """Iteration 3 was after the last checkpoint and is repeated."""
    entries = [training(3, 2, loss=1.5), training(4, 2), validation(2, 0.3)]
    write_log(run, '20250101_130000', entries)
    curves = plot_log.read_run(run)
    assert curves['loss'] == ([1, 2, 3, 4], [10.0, 5.0, 1.5, 2.5])
    assert curves['m_vIoU'] == ([2, 4], [0.1, 0.3])


def test_resumed_earlier(plot_log, run):
    write_log(run, '20250101_130000', [training(2, loss=1.0)])
    curves = plot_log.read_run(run)
    assert curves['loss'] == ([1, 2], [10.0, 1.0])
    assert 'm_vIoU' not in curves


def test_single_file_and_dated_folder(plot_log, run):
    whole = plot_log.read_run(run)
    assert plot_log.read_run(run / '20250101_120000') == whole
    assert plot_log.read_run(run / '20250101_120000' / 'vis_data') == whole
    assert plot_log.read_run(run / '20250101_120000' / 'vis_data' / 'scalars.json') == whole


def test_cut_and_broken_lines(plot_log, tmp_path, capsys):
    log = write_log(tmp_path, 'a', [training(1), training(2)])
    log.write_text(log.read_text()[:-30])
    assert plot_log.read_run(tmp_path)['loss'][0] == [1]
    assert 'last line' in capsys.readouterr().out
    log.write_text('{"loss": 1, "iter"\n' + json.dumps(training(2)))
    with pytest.raises(ValueError, match='Line 1 of .*scalars.json is not JSON'):
        plot_log.read_run(tmp_path)


def test_not_finite_values_are_gaps(plot_log, tmp_path):
    write_log(tmp_path, 'a', [training(1), training(2, grad_norm=math.inf, loss=math.nan)])
    assert math.isnan(plot_log.read_run(tmp_path)['loss'][1][1])
    plot_log.draw(plot_log.arrange({'a': plot_log.read_run(tmp_path)}, []), ['a'], tmp_path / 'a.png')


def test_missing_and_empty_logs(plot_log, tmp_path):
    with pytest.raises(FileNotFoundError, match='has no log'):
        plot_log.read_run(tmp_path)
    write_log(tmp_path, 'a', [])
    with pytest.raises(ValueError, match='has logged nothing yet'):
        plot_log.read_run(tmp_path)


def test_panels(plot_log, run):
    panels = plot_log.arrange({'a': plot_log.read_run(run)}, [])
    assert list(panels) == ['loss', 'loss_bbox', 'learning rate', 'grad norm', 'm_vIoU', 'seconds an iteration']
    assert list(panels['loss_bbox']) == ['stage 1', 'stage 2', 'last stage']
    assert list(panels['learning rate']) == ['rest', 'text']  # `lr` repeats `rest`


def test_chosen_keys(plot_log, run):
    curves = {'a': plot_log.read_run(run)}
    assert list(plot_log.arrange(curves, ['*loss_bbox', 'm_vIoU'])) == ['loss_bbox', 'm_vIoU']
    with pytest.raises(ValueError, match=r"No scalar fits \['nothing'\]; the logs have d0.loss_bbox"):
        plot_log.arrange(curves, ['nothing'])


def test_picture_of_two_runs(plot_log, run, tmp_path, monkeypatch, capsys):
    write_log(tmp_path / 'other', 'b', [training(i) for i in range(1, 30)])
    out = tmp_path / 'new' / 'curves.png'
    monkeypatch.setattr(sys, 'argv', ['plot_log.py', str(run), str(tmp_path / 'other'), '--out', str(out)])
    plot_log.main()
    picture = cv2.imread(str(out))
    assert min(picture.shape[:2]) > 500
    assert picture.std() > 5
    assert 'other: 10 curves up to iteration 29' in capsys.readouterr().out


def test_labels_must_differ(plot_log, run, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['plot_log.py', str(run), str(run)])
    with pytest.raises(SystemExit):
        plot_log.main()
    assert 'different labels' in capsys.readouterr().err
