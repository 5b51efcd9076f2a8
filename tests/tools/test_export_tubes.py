import json
import sys

import numpy as np
import pytest
from load_tool import load_tool

from mmstvg.evaluation import prediction_record, read_predictions, write_predictions
from mmstvg.evaluation.track_formats import read_coco, read_cvat, read_mot
from mmstvg.structures import Tube

tool = load_tool('analysis_tools/export_tubes.py')


@pytest.fixture
def predictions(tmp_path):
    tube = Tube((2, 8), np.arange(0, 12, 3), np.tile([1.5, 2, 30.25, 40], (4, 1)))
    records = [prediction_record(tube, i, f'{i}.mp4', 'a dog', 10.0, 0.2 + 0.5 * i) for i in range(2)]
    write_predictions(tmp_path / 'pred.json', records)
    entry = dict(bbox=[[1, 2, 3, 4]] * 3, st_frame=1, img_num=12, caption='a dog', width=64, height=48)
    (tmp_path / 'test.json').write_text(json.dumps({'0.mp4': entry, '1.mp4': entry}))
    return tmp_path / 'pred.json'


@pytest.mark.parametrize(('name', 'read'), [('coco', read_coco), ('cvat', read_cvat), ('mot', read_mot)])
def test_formats(predictions, monkeypatch, capsys, name, read):
    out = predictions.with_name('out')
    items = predictions.with_name('test.json')
    arguments = ['export_tubes.py', predictions, name, out, '--items', items, '--min-score', '0.5']
    monkeypatch.setattr(sys, 'argv', list(map(str, arguments)))
    tool.main()
    assert 'Wrote 1 tracks' in capsys.readouterr().out
    (track,) = read(out)
    assert (track.item_id, track.video_id, track.tube.span) == (1, '1.mp4', (2, 8))
    assert track.tube.boxes_at([5])[0].tolist() == [[1.5, 2, 30.25, 40]]


def test_videos_of_one_name_are_kept_apart(predictions, monkeypatch, capsys):
    records = list(read_predictions(predictions).values())
    for record, path in zip(records, ('/a/x.mp4', '/b/x.mp4'), strict=True):
        record.update(video_id='x.mp4', video_path=path)
    write_predictions(predictions, records)
    monkeypatch.setattr(sys, 'argv', ['export_tubes.py', str(predictions), 'cvat', str(predictions.with_name('out'))])
    tool.main()
    assert '2 videos are called x.mp4; they go by their paths' in capsys.readouterr().out
    assert {track.video_id for track in read_cvat(predictions.with_name('out'))} == {'/a/x.mp4', '/b/x.mp4'}


def test_sizes_come_from_the_annotation(predictions, monkeypatch):
    out = predictions.with_name('new') / 'out.json'
    arguments = ['export_tubes.py', predictions, 'coco', out, '--items', predictions.with_name('test.json')]
    monkeypatch.setattr(sys, 'argv', list(map(str, arguments)))
    tool.main()
    assert json.loads(out.read_text())['videos'][0] == dict(id=1, name='0.mp4', width=64, height=48, frame_count=12)
