import gzip
import json

import numpy as np
import pytest

from mmstvg.datasets import HCSTVGDataset
from mmstvg.datasets.hcstvg_export import to_hcstvg_format

SAMPLE = [dict(type='SampleFramesByFPS', target_fps=6.4)]


def entry(**changes):
    """An entry of HC-STVG 1 with some keys changed; None takes a key away."""
    base = dict(
        bbox=[[10, 20, 30, 40]] * 50, st_frame=101, img_num=600, caption='The man walks.', width=640, height=360
    )
    return {key: value for key, value in {**base, **changes}.items() if value is not None}


def make(tmp_path, entries, **options):
    path = tmp_path / 'test.json'
    path.write_text(json.dumps(entries))
    return HCSTVGDataset(ann_file=str(path), data_prefix=dict(video=str(tmp_path)), **options)


def test_recorded_case(data_dir, tmp_path):
    case = json.loads(gzip.decompress((data_dir / 'dataset_hcstvg.json.gz').read_bytes()))
    dataset = make(tmp_path, case['annotations'], pipeline=SAMPLE)
    assert len(dataset) == len(case['test_clips']) == 24
    for item, clip in zip(dataset, case['test_clips'], strict=True):
        tube, frame_ids = item['gt_tube'], item['frame_ids']
        boxes, known = tube.known_at(frame_ids)
        assert item['item_id'] == clip['item_id']
        assert item['video_id'] == clip['video']
        assert item['text'] == clip['sentence']
        assert item['qtype'] == clip['qtype']
        assert item['ori_shape'] == (clip['height'], clip['width'])
        assert [tube.span[0], tube.span[1] - 1] == clip['event']
        assert frame_ids.tolist() == clip['frame_ids']
        assert tube.contains(frame_ids).astype(int).tolist() == clip['inside']
        assert boxes[known].tolist() == clip['boxes']


def test_both_versions_give_the_same_item(tmp_path):
    second = entry(
        caption=None, width=None, height=None, English='The man walks.', img_size=[360, 640, 3], ed_frame=150
    )
    first, second = make(tmp_path, {'a.mp4': entry(), 'b.mp4': second})
    for key in ('text', 'ori_shape', 'frame_count', 'fps', 'segment'):
        assert first[key] == second[key]
    assert first['gt_tube'].span == second['gt_tube'].span == (100, 150)
    assert np.array_equal(first['gt_tube'].boxes, second['gt_tube'].boxes)
    assert first['fps'] == 30
    assert first['segment'] == (0, 599)


def test_query_without_ground_truth(tmp_path):
    (item,) = make(tmp_path, {'a.mp4': dict(English='Who  is it? ')}, test_mode=True)
    assert item['text'] == 'who  is it? '
    assert not {'gt_tube', 'ori_shape', 'frame_count', 'fps', 'segment'} & item.keys()


def test_boxes_leave_where_they_miss_the_frame(tmp_path):
    boxes = [[-10, 20, 30, 40], [700, 20, 30, 40], [10, 20, 0, 40], [10, 20, 30, -4], [], [10, 20, 30, 40]]
    (item,) = make(tmp_path, {'a.mp4': entry(bbox=boxes)})
    tube = item['gt_tube']
    assert tube.span == (100, 106)
    assert tube.frame_ids.tolist() == [100, 105]
    assert tube.boxes.tolist() == [[0, 20, 20, 60], [10, 20, 40, 60]]


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(st_frame=580), 'frames 579 to 628, but the video has 600'),
        (dict(st_frame=0), 'starts before the video'),
        (dict(bbox=[]), 'empty'),
        (dict(bbox=None, ed_frame=90), 'frames 100 to 89, which is empty'),
        (dict(bbox=None), 'no end'),
        (dict(bbox=[[1, 2, 3]]), 'not [x, y, w, h]'),
        (dict(caption=' \n'), 'the sentence is empty'),
        (dict(caption=7), 'malformed: AttributeError'),
        (dict(height=None), "malformed: KeyError('height')"),
        (dict(st_frame='first'), 'malformed: ValueError'),
        (dict(img_num=0), 'the video has 0 frames'),
    ],
)
def test_bad_annotation(tmp_path, changes, message):
    entries = {'good.mp4': entry(), 'bad.mp4': entry(**changes)}
    with pytest.raises(ValueError, match='1 of 2') as caught:
        make(tmp_path, entries)
    assert message in str(caught.value)
    assert 'item 1 (bad.mp4)' in str(caught.value)
    assert 'test.json' in str(caught.value)

    training = make(tmp_path, entries, on_bad_annotation='skip')
    assert [item['item_id'] for item in training] == [0]
    testing = make(tmp_path, entries, on_bad_annotation='skip', test_mode=True)
    assert len(testing) == 2
    packed = testing[1]
    assert packed['inputs'] is None
    assert packed['data_samples'].broken in ('event', 'sentence', 'boxes', 'entry')
    assert packed['data_samples'].item_id == 1


def test_a_video_that_stands_there_twice_is_named(tmp_path):
    one = json.dumps(entry())
    (tmp_path / 'twice.json').write_text(f'{{"a.mp4": {one}, "b.mp4": {one}, "a.mp4": {one}}}')
    with pytest.raises(ValueError, match=r'item 0 \(a.mp4\): the file has several entries of this name'):
        HCSTVGDataset(str(tmp_path / 'twice.json'))
    (item,) = HCSTVGDataset(str(tmp_path / 'twice.json'), on_bad_annotation='skip')
    assert item['video_id'] == 'b.mp4'


def test_all_bad_annotations_are_named_at_once(tmp_path):
    entries = {f'{i}.mp4': entry(st_frame=600 + i) for i in range(30)}
    with pytest.raises(ValueError, match='30 of 30') as caught:
        make(tmp_path, entries)
    assert 'event: 30' in str(caught.value)
    assert '... and 10 more' in str(caught.value)


def test_other_spelling_of_the_folder(tmp_path):
    (tmp_path / 'annos').mkdir()
    (tmp_path / 'annos' / 'train.json').write_text(json.dumps({'a.mp4': entry()}))
    places = ['annos/hcstvg_v1/train.json', 'annos/train.json']
    dataset = HCSTVGDataset(ann_file=places, data_root=str(tmp_path), data_prefix=dict(video='v1_video'))
    assert dataset[0]['video_path'] == str(tmp_path / 'v1_video' / 'a.mp4')
    with pytest.raises(FileNotFoundError, match='hcstvg_v1/val.json or .*annos/val.json'):
        HCSTVGDataset(ann_file=['annos/hcstvg_v1/val.json', 'annos/val.json'], data_root=str(tmp_path))


def test_other_suffix(tmp_path):
    """Transcoded copies may all be mp4 while the annotation says mkv; the file that is named goes first."""
    for name in ('a.mp4', 'b.mkv', 'b.mp4'):
        (tmp_path / name).write_bytes(b'')
    dataset = make(tmp_path, {'a.mkv': entry(), 'b.mkv': entry(), 'c.mkv': entry()})
    assert [item['video_path'] for item in dataset] == [str(tmp_path / name) for name in ('a.mp4', 'b.mkv', 'c.mkv')]
    (tmp_path / 'sub').mkdir()
    (tmp_path / 'sub' / 'd.mp4').write_bytes(b'')
    (item,) = make(tmp_path, {'sub/d.mkv': entry()})
    assert item['video_path'] == str(tmp_path / 'sub' / 'd.mp4')


def test_exclude(tmp_path):
    entries = {'a.mp4': entry(), 'b.mp4': entry(), 'c.mp4': entry()}
    assert [item['item_id'] for item in make(tmp_path, entries, exclude=['b.mp4'])] == [0, 2]

    listed = tmp_path / 'exclude.txt'
    listed.write_text('# broken\na.mp4\n\nc.mp4  # cut short\n')
    assert [item['item_id'] for item in make(tmp_path, entries, exclude=str(listed))] == [1]
    listed.write_text('a#1.mp4  # empty video\n#b.mp4\n')
    assert [
        item['item_id'] for item in make(tmp_path, {'a#1.mp4': entry(), 'b.mp4': entry()}, exclude=str(listed))
    ] == [1]
    with pytest.raises(FileNotFoundError, match='nowhere.txt'):
        make(tmp_path, entries, exclude='nowhere.txt')
    with pytest.raises(ValueError, match='no usable item'):
        make(tmp_path, entries, exclude=list(entries))


def test_not_the_format(tmp_path):
    (tmp_path / 'bad.json').write_text('{"a.mp4": {')
    with pytest.raises(ValueError, match='cannot be read as JSON'):
        HCSTVGDataset(str(tmp_path / 'bad.json'))
    with pytest.raises(ValueError, match='keyed by video file name'):
        make(tmp_path, [entry()])
    with pytest.raises(TypeError, match='vidoe_prefix'):
        make(tmp_path, {'a.mp4': entry()}, vidoe_prefix='x')
    with pytest.raises(ValueError, match='on_broken_video'):
        make(tmp_path, {'a.mp4': entry()}, on_broken_video='ignore')


def test_export():
    record = dict(item_id=0, video_id='a.mp4', span=[10, 12], boxes={str(f): [f, 1, 50, 60] for f in range(8, 14)})
    expected = dict(st_frame=11, ed_frame=12, bbox={'11': [10, 1, 50, 60], '12': [11, 1, 50, 60]})
    assert to_hcstvg_format([record]) == {'a.mp4': expected}
    with pytest.raises(ValueError, match=r"'a\.mp4' has two predictions"):
        to_hcstvg_format([record, record])
