import gzip
import json

import pytest

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
