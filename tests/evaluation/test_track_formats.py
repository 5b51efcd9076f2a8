import csv
import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from mmstvg.evaluation import prediction_record
from mmstvg.evaluation.track_formats import Track, read_coco, read_cvat, read_mot, write_coco, write_cvat, write_mot
from mmstvg.structures import Tube

SIZES = {'a.mp4': dict(width=640, height=360, frame_count=90)}


@pytest.fixture
def tracks():
    rng = np.random.default_rng(3)
    made = []
    for item_id, (video, text, score) in enumerate(
        [('a.mp4', 'a dog, "red" & <old>', 0.25), ('a.mp4', '穿红色外套的女人', None), ('b c.mp4', 'ein Fuß', 0.123)]
    ):
        frames = np.arange(3, 80, 7)
        corners = rng.uniform(0, 300, (len(frames), 2))
        tube = Tube((10 + item_id, 40), frames, np.hstack([corners, corners + rng.uniform(1, 300, corners.shape)]))
        made.append(Track.from_record(prediction_record(tube, item_id, video, text, 25.0, score)))
    return made


def assert_same(read, tracks):
    assert [(t.item_id, t.video_id, t.text, t.score) for t in read] == [
        (t.item_id, t.video_id, t.text, t.score) for t in tracks
    ]
    for one, other in zip(read, tracks, strict=True):
        assert one.tube.span == other.tube.span
        frames = np.arange(*other.tube.span)
        boxes = [tube.boxes_at(frames)[0] for tube in (one.tube, other.tube)]
        np.testing.assert_allclose(*boxes, rtol=0, atol=1e-9)  # x + w - x rounds in float64


def test_coco(tracks, tmp_path):
    write_coco(tracks, tmp_path / 'a.json', SIZES)
    assert_same(read_coco(tmp_path / 'a.json'), tracks)
    data = json.loads((tmp_path / 'a.json').read_text())
    assert data['videos'][0] == dict(id=1, name='a.mp4', width=640, height=360, frame_count=90)
    assert data['videos'][1] == dict(id=2, name='b c.mp4')
    assert len(data['images']) == 30 + 28  # two tracks of one video share its frames
    assert len(data['annotations']) == 30 + 29 + 28
    first = data['annotations'][0]
    assert first['bbox'][2] == pytest.approx(tracks[0].boxes()[0][1][2] - tracks[0].boxes()[0][1][0])


def test_cvat(tracks, tmp_path):
    write_cvat(tracks, tmp_path / 'out', SIZES)
    assert_same(read_cvat(tmp_path / 'out'), tracks)
    root = ET.parse(tmp_path / 'out' / 'a.mp4.xml').getroot()
    assert root.findtext('meta/task/original_size/width') == '640'
    boxes = root.findall('track')[0].findall('box')
    assert [boxes[i].get('frame') for i in (0, -1)] == ['10', '40']
    assert [boxes[i].get('outside') for i in (0, -2, -1)] == ['0', '0', '1']


def test_mot(tracks, tmp_path):
    write_mot(tracks, tmp_path / 'out')
    assert_same(read_mot(tmp_path / 'out'), tracks)
    with open(tmp_path / 'out' / 'b c.mp4.csv', newline='') as file:
        rows = list(csv.reader(file))
    assert rows[0][:2] == ['13', '2']  # frame 12, counted from 1
    assert len(rows) == 28


def test_tracks_thinned_out_by_an_annotator_are_interpolated(tracks, tmp_path):
    write_mot(tracks[:1], tmp_path)
    path = tmp_path / 'a.mp4.csv'
    lines = path.read_text().splitlines()
    path.write_text('\n'.join([lines[0], lines[-1]]) + '\n')
    tube = read_mot(tmp_path)[0].tube
    assert tube.span == (10, 40)
    assert tube.boxes_at([25])[1].all()


@pytest.mark.parametrize(
    ('write', 'names'),
    [
        (lambda tracks, folder: write_cvat(tracks, folder, {}), ('a/b', 'a_b')),
        (write_mot, ('a/b', 'a_b')),
        (write_mot, ('tracks',)),
    ],
)
def test_names_that_give_one_file_are_refused(tmp_path, write, names):
    tube = Tube((0, 2), np.arange(2), np.ones((2, 4)))
    with pytest.raises(ValueError, match='would both be written to'):
        write([Track(i, name, 'a dog', tube) for i, name in enumerate(names)], tmp_path)


def test_span_without_boxes_at_its_ends_is_named():
    with pytest.raises(ValueError, match=r'Item 4 \(a\.mp4\) has no boxes at the ends of its span \(3, 9\)'):
        Track(4, 'a.mp4', 'a dog', Tube((3, 9), [3, 7], [[0, 0, 1, 1]] * 2))
