import json
import sys

import pytest
from load_tool import load_tool

from mmstvg.evaluation import TubeScore, prediction_record, write_predictions
from mmstvg.structures import Tube

tool = load_tool('analysis_tools/eval_tubes.py')


@pytest.fixture
def files(tmp_path):
    """Nine items; the first predictions miss item 8, the second ones find all but item 0."""
    entries, records = {}, ([], [])
    for item_id in range(9):
        length = 10 + item_id
        box = [10, 10, 20 + item_id, 40]
        entries[f'{item_id}.mp4'] = dict(
            bbox=[box] * length, st_frame=6, img_num=60, caption='a dog ' * (1 + item_id % 2), width=100, height=80
        )
        tube = Tube((5, 4 + length), [0, 59], [[10, 10, 30 + item_id, 50]] * 2)
        wrong = Tube((40, 50), [0, 59], [[10, 10, 30, 50]] * 2)
        for place, tubes in enumerate((wrong if item_id == 8 else tube, wrong if item_id == 0 else tube)):
            records[place].append(prediction_record(tubes, item_id, f'{item_id}.mp4', 'a dog'))
    (tmp_path / 'test.json').write_text(json.dumps(entries))
    write_predictions(tmp_path / 'first.json', records[0])
    write_predictions(tmp_path / 'second.json', records[1])
    return tmp_path


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, 'argv', ['eval_tubes.py', *map(str, arguments)])
    tool.main()


def test_tables_and_hardest_items(files, monkeypatch, capsys):
    run(monkeypatch, files / 'first.json', files / 'test.json', '--hardest', '2', '--out', files / 'new' / 'items.json')
    text = capsys.readouterr().out
    cells = [line.split()[:5] for line in text.splitlines()]
    assert ['10–12', 'frames', '3', '100.00', '100.00'] in cells
    assert ['16–18', 'frames', '3', '66.67', '66.67'] in cells
    assert ['2', 'words', '5', '80.00', '80.00'] in cells
    assert ['28.28–29.66', 'px', '3', '100.00', '100.00'] in cells
    assert '8  0.000  0.000' in text.split('Hardest items')[1]
    rows = json.loads((files / 'new' / 'items.json').read_text())
    assert [row['viou'] for row in rows] == [1] * 8 + [0]
    assert rows[2]['duration'] == 12


def test_comparison(files, monkeypatch, capsys):
    run(monkeypatch, files / 'first.json', files / 'test.json', '--compare', files / 'second.json')
    text = capsys.readouterr().out.split('From ')[1]
    assert 'rises on 1 items, falls on 1, stays on 7; mean change +0.00 points' in text
    lines = text.splitlines()[3:]
    assert [line.split()[:4] for line in lines] == [
        ['0', '1.000', '0.000', '-1.000'],
        ['8', '0.000', '1.000', '+1.000'],
    ]


def test_plots(files, monkeypatch):
    run(monkeypatch, files / 'first.json', files / 'test.json', '--plots', files / 'plots')
    assert sorted(path.name for path in (files / 'plots').iterdir()) == ['thresholds.png', 'viou.png']


def test_no_ground_truth_is_said(files, monkeypatch):
    (files / 'queries.json').write_text(json.dumps({f'{i}.mp4': dict(caption='a dog', img_num=60) for i in range(9)}))
    with pytest.raises(SystemExit, match='No item has ground truth'):
        run(monkeypatch, files / 'first.json', files / 'queries.json')


def test_groups_of_equal_values():
    items = [tool.ScoredItem(i, 'a', 'a dog', None, None, TubeScore(0, 0, 0), 7, 3.0) for i in range(4)]
    lines = tool.grouped_table(items, lambda item: item.duration, 'frames').splitlines()
    assert len(lines) == 2
    assert lines[1].startswith('7 frames       4')
