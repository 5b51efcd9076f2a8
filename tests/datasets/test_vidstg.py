import gzip
import json
import shutil

import numpy as np
import pytest
from make_vidstg import vidstg_entry

from mmstvg.datasets import VidSTGDataset

SAMPLE = [dict(type='SampleFramesUniform', num_frames=128)]


@pytest.fixture(scope='module')
def case(request):
    path = request.path.parents[1] / 'data' / 'dataset_vidstg.json.gz'
    return json.loads(gzip.decompress(path.read_bytes()))


def write_official(folder, annotations, tree=False):
    (folder / 'sent_annos').mkdir()
    (folder / 'sent_annos' / 'val_annotations.json').write_text(json.dumps(annotations['sentences']))
    for i, (vid, content) in enumerate(annotations['boxes'].items()):
        place = folder / 'bbox_annos' / (('training', 'validation')[i % 2] + f'/{i:04}' if tree else '')
        place.mkdir(parents=True, exist_ok=True)
        (place / f'{vid}.json').write_text(json.dumps(content))


def write_merged(folder, annotations, box_form=list):
    """The merged file as the reference caches it, made from the official sources by the rules of its format."""
    merged = []
    number = 0
    for entry in annotations['sentences']:
        segment, event = entry['used_segment'], entry['temporal_gt']
        last = min(event['end_fid'], entry['frame_count'] - 1)
        for qtype, sentences in (('declar', entry['captions']), ('inter', entry['questions'])):
            for sentence in sentences:
                boxes = []
                for frame in annotations['boxes'][entry['vid']]['trajectories'][event['begin_fid'] : last + 1]:
                    boxes += [box['bbox'] for box in frame if box['tid'] == sentence['target_id']]
                if len(boxes) == last - event['begin_fid']:
                    boxes.append(boxes[-1])
                merged.append(
                    dict(
                        vid=entry['vid'],
                        fps=entry['fps'],
                        used_segment=segment,
                        width=entry['width'],
                        height=entry['height'],
                        ori_temp_gt=event,
                        frame_count=segment['end_fid'] - segment['begin_fid'] + 1,
                        temp_gt=dict(begin_fid=event['begin_fid'], end_fid=last),
                        id=number,
                        qtype=qtype,
                        sentence=sentence,
                        target_category='adult',
                        target_bboxs=boxes if box_form is dict else [list(box.values()) for box in boxes],
                    )
                )
                number += 1
    (folder / 'vstg_annos').mkdir()
    (folder / 'vstg_annos' / 'val.json').write_text(json.dumps(merged))


@pytest.mark.parametrize('source', ['official', 'official tree', 'merged', 'merged dict'])
def test_recorded_case(case, tmp_path, source):
    if source.startswith('official'):
        write_official(tmp_path, case['annotations'], tree='tree' in source)
    else:
        write_merged(tmp_path, case['annotations'], dict if 'dict' in source else list)
    dataset = VidSTGDataset(
        ann_file=['vstg_annos/val.json', 'sent_annos/val_annotations.json'],
        data_root=str(tmp_path),
        data_prefix=dict(video='videos', boxes='bbox_annos'),
        pipeline=SAMPLE,
    )
    assert len(dataset) == len(case['test_clips']) == 21
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
        assert (known == tube.contains(frame_ids)).all()


def official(tmp_path, change=None, **options):
    """One entry with two sentences, a box on each of 100 frames, and something changed."""
    boxes = [[dict(tid=3, bbox=dict(xmin=10, ymin=10, xmax=30 + i, ymax=50))] for i in range(100)]
    sentence = dict(description='A dog, 2 of them; runs!', type='object', target_id=3)
    entry = vidstg_entry(
        vid='7',
        width=640,
        height=360,
        used_segment=dict(begin_fid=10, end_fid=89),
        temporal_gt=dict(begin_fid=20, end_fid=39),
        captions=[sentence],
        questions=[dict(sentence, description='Who runs?')],
    )
    if change is not None:
        change(entry, boxes)
    annotations = dict(sentences=[entry], boxes={'7': dict(trajectories=boxes)})
    for place in ('sent_annos', 'bbox_annos'):
        shutil.rmtree(tmp_path / place, ignore_errors=True)
    write_official(tmp_path, annotations)
    options = dict(data_prefix=dict(video='videos', boxes='bbox_annos')) | options
    return VidSTGDataset('sent_annos/val_annotations.json', data_root=str(tmp_path), **options)


def test_item(tmp_path):
    first, second = official(tmp_path)
    assert (first['text'], second['text']) == ('a dog of them runs', 'who runs')
    assert (first['qtype'], second['qtype']) == ('declar', 'inter')
    assert (first['segment'], first['frame_count'], first['ori_shape']) == ((10, 90), 100, (360, 640))
    assert first['gt_tube'].span == (20, 40)
    assert first['gt_tube'].boxes[-1].tolist() == [10, 10, 69, 50]
    assert first['video_path'] == str(tmp_path / 'videos' / '7.mp4')


def set_event(begin, end):
    return lambda entry, boxes: entry.update(temporal_gt=dict(begin_fid=begin, end_fid=end))


def drop_box(frame):
    return lambda entry, boxes: boxes[frame].clear()


def test_box_missing_on_the_last_frame_repeats_the_one_before(tmp_path):
    tube = official(tmp_path, drop_box(39))[0]['gt_tube']
    assert tube.span == (20, 40)
    assert tube.boxes[-1].tolist() == tube.boxes[-2].tolist() == [10, 10, 68, 50]


def test_event_ends_with_the_video(tmp_path):
    def change(entry, boxes):
        entry.update(temporal_gt=dict(begin_fid=95, end_fid=100), used_segment=dict(begin_fid=10, end_fid=99))

    assert official(tmp_path, change)[0]['gt_tube'].span == (95, 100)


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        (set_event(80, 95), 'the event runs past the used segment: 2'),
        (set_event(2, 6), 'the event lies outside the used segment: 2'),
        (drop_box(30), 'a box is missing inside the event: 2'),
    ],
)
def test_dropped_pairs_are_counted(tmp_path, monkeypatch, change, reason):
    lines = []
    monkeypatch.setattr(VidSTGDataset, '_log', staticmethod(lambda message, level=0: lines.append(message)))
    with pytest.raises(ValueError, match='no usable item'):
        official(tmp_path, change)
    assert f'2 of 2 pairs cannot be used ({reason})' in lines[0]


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (set_event(30, 25), 'the event is frames 30 to 25, which holds none'),
        (set_event(-3, 25), 'the event is frames -3 to 25'),
        (lambda entry, boxes: entry['captions'][0].update(description='1, 2!'), 'no word is left'),
    ],
)
def test_bad_annotation(tmp_path, change, message):
    with pytest.raises(ValueError, match='make no sense') as caught:
        official(tmp_path, change)
    assert message in str(caught.value)
    assert 'item 0 (7)' in str(caught.value)


def test_pairs_with_one_id_are_named(case, tmp_path):
    write_merged(tmp_path, case['annotations'])
    path = tmp_path / 'vstg_annos' / 'val.json'
    pairs = json.loads(path.read_text())
    first, second = (clip['item_id'] for clip in case['test_clips'][:2])
    pairs[second]['id'] = first
    path.write_text(json.dumps(pairs))
    with pytest.raises(ValueError, match=f'2 items have the id {first}'):
        VidSTGDataset(str(path))


def test_without_boxes(tmp_path):
    tube = official(tmp_path, data_prefix=dict(video='videos'))[0]['gt_tube']
    assert tube.span == (20, 40)
    assert len(tube.boxes) == 0


def test_missing_box_files(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match='nowhere'):
        official(tmp_path, data_prefix=dict(video='videos', boxes='nowhere'))
    (tmp_path / 'other').mkdir()
    lines = []
    monkeypatch.setattr(VidSTGDataset, '_log', staticmethod(lambda message, level=0: lines.append(message)))
    with pytest.raises(ValueError, match='no usable item'):
        official(tmp_path, data_prefix=dict(video='videos', boxes='other'))
    assert "2 of 2 pairs cannot be used (VidOR's file of the video is not among the boxes: 2)" in lines[0]


def test_videos_in_a_tree(tmp_path):
    (tmp_path / 'videos' / '0001').mkdir(parents=True)
    (tmp_path / 'videos' / '0001' / '7.mkv').touch()
    assert official(tmp_path)[0]['video_path'] == str(tmp_path / 'videos' / '0001' / '7.mkv')


def test_unknown_format(tmp_path):
    for content, message in (([], 'no entries'), ([{}], 'neither'), ([1], 'no entries')):
        (tmp_path / 'a.json').write_text(json.dumps(content))
        with pytest.raises(ValueError, match=message):
            VidSTGDataset(str(tmp_path / 'a.json'))
    (tmp_path / 'a.json').write_text('[{"captions": ')
    with pytest.raises(ValueError, match=r'a\.json cannot be read as JSON'):
        VidSTGDataset(str(tmp_path / 'a.json'))


def test_malformed_entry(tmp_path):
    def change(entry, boxes):
        del entry['used_segment']

    with pytest.raises(ValueError, match=r"entry 0 \(video 7\) is malformed: KeyError\('used_segment'\)"):
        official(tmp_path, change)


def test_cache_gives_the_same_items(tmp_path, monkeypatch):
    plain = [dict(item) for item in official(tmp_path)]
    built = [dict(item) for item in official(tmp_path, cache_dir='cache')]

    def read(**options):
        prefix = dict(video='videos', boxes='bbox_annos')
        dataset = VidSTGDataset(
            'sent_annos/val_annotations.json', data_root=str(tmp_path), data_prefix=prefix, cache_dir='cache', **options
        )
        return [dict(item) for item in dataset]

    with monkeypatch.context() as patch:
        patch.setattr('mmstvg.datasets.vidstg.read_pairs', None)  # not called
        cached = read()
    for first, second, third in zip(plain, built, cached, strict=True):
        tubes = [item.pop('gt_tube') for item in (first, second, third)]
        assert first == second == third
        assert tubes[0].span == tubes[1].span == tubes[2].span
        assert np.array_equal(tubes[0].boxes, tubes[2].boxes)

    path = tmp_path / 'bbox_annos' / '7.json'
    content = json.loads(path.read_text())
    content['trajectories'][20][0]['bbox']['xmin'] = 11  # same size of the file
    path.write_text(json.dumps(content))
    assert read()[0]['gt_tube'].boxes[0].tolist() == [11, 10, 50, 50]
