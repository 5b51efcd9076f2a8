import json

import numpy as np
import pytest

from mmstvg.evaluation import STVGMetric, prediction_record, read_predictions, write_predictions
from mmstvg.evaluation.offline import load_items, score_predictions
from mmstvg.structures import Tube


def entry(start, length, caption='a dog'):
    box = [10, 10, 20, 40]
    return dict(bbox=[box] * length, st_frame=start + 1, img_num=60, caption=caption, width=100, height=80)


@pytest.fixture
def annotation(tmp_path):
    entries = {
        'a.mp4': entry(5, 10),
        'b.mp4': entry(20, 30),
        'c.mp4': entry(50, 20),
        'd.mp4': dict(caption='x', img_num=9),
    }
    path = tmp_path / 'test.json'
    path.write_text(json.dumps(entries))
    return path


def record(item_id, video_id, span):
    frames = np.arange(0, 60, 7)
    return prediction_record(
        Tube(span, frames, np.tile([12.3, 10, 31, 50.7], (len(frames), 1))), item_id, video_id, 'a dog'
    )


@pytest.fixture
def predictions():
    records = [record(0, 'a.mp4', (4, 15)), record(3, 'd.mp4', (0, 5))]
    return {r['item_id']: r for r in records}


def test_items_of_an_annotation_file(annotation):
    items = load_items(annotation)
    assert [item['video_id'] for item in items] == ['a.mp4', 'b.mp4', 'c.mp4', 'd.mp4']
    assert items[0]['gt_tube'].span == (5, 15)
    assert items[2]['broken'] == 'event'
    assert 'gt_tube' not in items[3]


def test_annotation_file_cut_short_is_named(annotation):
    annotation.write_text(annotation.read_text()[:-20])
    with pytest.raises(ValueError, match=r'test\.json cannot be read as JSON.*Is it complete'):
        load_items(annotation)


def test_items_of_merged_vidstg(tmp_path):
    span = dict(begin_fid=3, end_fid=5)
    entry = dict(id=7, vid='v', fps=10, width=100, height=80, used_segment=dict(begin_fid=0, end_fid=20))
    entry.update(ori_temp_gt=span, qtype='inter', sentence=dict(description='who runs'))
    entry['target_bboxs'] = [dict(xmin=1, ymin=2, xmax=30, ymax=40)] * 3
    path = tmp_path / 'val.json'
    path.write_text(json.dumps([entry]))
    (item,) = load_items(path)
    assert (item['item_id'], item['qtype'], item['gt_tube'].span) == (7, 'inter', (3, 6))
    path.write_text(json.dumps([dict(vid='v', captions=[], questions=[])]))
    with pytest.raises(ValueError, match='give a config instead'):
        load_items(path)


def test_items_of_a_config(annotation, tmp_path):
    dataset = dict(type='HCSTVGDataset', data_root=str(tmp_path), ann_file='test.json', on_bad_annotation='skip')
    dataset['pipeline'] = [dict(type='PackSTVGInputs')]
    config = tmp_path / 'config.py'
    config.write_text(f'test_dataloader = dict(dataset={dataset})\n')
    assert [item['item_id'] for item in load_items(config)] == [0, 1, 2, 3]
    with pytest.raises(ValueError, match='no val_dataloader'):
        load_items(config, 'val')


@pytest.mark.parametrize('convention', ['published', 'inclusive'])
def test_same_as_the_metric_to_the_last_bit(annotation, predictions, convention):
    items = load_items(annotation)
    metrics, scored = score_predictions(predictions, items, convention)
    metric = STVGMetric(convention)
    samples = [dict(item) for item in items]
    for item_id, prediction in predictions.items():
        samples[item_id]['pred_tube'] = Tube.from_dict(prediction)
    metric.process(None, samples)
    assert metrics == metric.evaluate(4)
    assert [item.item_id for item in scored] == [0, 1, 2]
    assert [item.miss for item in scored] == [None, 'no prediction', 'event']
    assert scored[1].duration == 30
    assert scored[1].box_size == pytest.approx(800**0.5)
    assert metrics['m_vIoU'] == np.mean([item.score.viou for item in scored])


def test_predictions_of_other_data_are_refused(annotation, predictions):
    items = load_items(annotation)
    with pytest.raises(ValueError, match='item 9 has no such item'):
        score_predictions({9: record(9, 'a.mp4', (0, 5))}, items)
    with pytest.raises(ValueError, match=r'Item 1 is video b\.mp4 in the data set, but z\.mp4'):
        score_predictions({1: record(1, 'z.mp4', (0, 5))}, items)


def test_score_that_is_no_number_is_written_as_none(tmp_path):
    tube = Tube((0, 2), np.arange(2), np.ones((2, 4)))
    write_predictions(tmp_path / 'pred.json', [prediction_record(tube, 0, 'a.mp4', 'a dog', 10.0, float('nan'))])
    assert read_predictions(tmp_path / 'pred.json')[0]['score'] is None
