import gzip
import json

from mmstvg.datasets import HCSTVGDataset


def entry(**changes):
    base = dict(
        bbox=[[10, 20, 30, 40]] * 50, st_frame=101, img_num=600, caption='The man walks.', width=640, height=360
    )
    base.update(changes)
    return {key: value for key, value in base.items() if value is not None}


def make(tmp_path, entries, **options):
    path = tmp_path / 'test.json'
    path.write_text(json.dumps(entries))
    return HCSTVGDataset(ann_file=str(path), data_prefix=dict(video=str(tmp_path)), **options)


def test_recorded_case(data_dir, tmp_path):
    case = json.loads(gzip.decompress((data_dir / 'dataset_hcstvg.json.gz').read_bytes()))
    dataset = make(tmp_path, case['annotations'], pipeline=[dict(type='SampleFramesByFPS', target_fps=6.4)])
    assert len(dataset) == len(case['test_clips']) == 24
    for item, clip in zip(dataset, case['test_clips'], strict=True):
        tube, frame_ids = item['gt_tube'], item['frame_ids']
        boxes, known = tube.known_at(frame_ids)
        assert item['item_id'] == clip['item_id']
        assert item['text'] == clip['sentence']
        assert item['qtype'] == clip['qtype']
        assert item['ori_shape'] == (clip['height'], clip['width'])
        assert [tube.span[0], tube.span[1] - 1] == clip['event']
        assert frame_ids.tolist() == clip['frame_ids']
        assert tube.contains(frame_ids).astype(int).tolist() == clip['inside']
        assert boxes[known].tolist() == clip['boxes']
