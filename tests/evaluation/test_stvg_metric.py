import json

import numpy as np
import pytest
import torch
import torch.multiprocessing as mp
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope
from tube_cases import recorded, still_tube, tubes

from mmstvg.evaluation import STVGMetric, read_predictions
from mmstvg.structures import STVGDataSample, Tube

AVERAGES = {
    'm_tIoU': 'tiou',
    'm_vIoU': 'viou',
    'm_gt_vIoU': 'gt_viou',
    'vIoU@0.3': 'viou@0.3',
    'vIoU@0.5': 'viou@0.5',
    'gt_vIoU@0.3': 'gt_viou@0.3',
    'gt_vIoU@0.5': 'gt_viou@0.5',
}


def sample(item_id, pred=None, gt=None, **metainfo):
    metainfo = dict(dict(video_id=f'{item_id}.mp4', text='a dog', qtype=None, fps=10.0), **metainfo)
    data_sample = STVGDataSample(metainfo=dict(item_id=item_id, **metainfo))
    if gt is not None:
        data_sample.gt_tube = gt
    if pred is not None:
        data_sample.pred_tube, data_sample.score = pred, 0.25
    return data_sample


def evaluate(samples, size=None, **options):
    init_default_scope('mmstvg')
    evaluator = Evaluator(dict(type='STVGMetric', **options))
    evaluator.process(samples)
    return evaluator.evaluate(len(samples) if size is None else size), evaluator.metrics[0]


def recorded_samples(name):
    for item in recorded(name)['items']:
        yield sample(item['id'], *tubes(item), qtype=item['qtype'] if name == 'vidstg' else None)


def test_recorded_averages_hcstvg():
    metrics, metric = evaluate(list(recorded_samples('hcstvg')))
    case = recorded('hcstvg')
    assert metrics == pytest.approx({name: case['expected'][key] for name, key in AVERAGES.items()}, abs=1e-6)
    for score in metric.item_scores:
        expected = case['per_item'][str(score['item_id'])]
        assert {key: score[key] for key in expected} == pytest.approx(expected, abs=1e-6)


def test_recorded_averages_vidstg_apart_and_together():
    metrics, metric = evaluate(list(recorded_samples('vidstg')))
    expected = recorded('vidstg')['expected']
    for kind in ('declar', 'inter'):
        for name, key in AVERAGES.items():
            assert metrics[f'{kind}/{name}'] == pytest.approx(expected[f'{kind}_{key}'], abs=1e-6)
    assert len(metrics) == 21
    assert metrics['m_vIoU'] == pytest.approx(np.mean([score['viou'] for score in metric.item_scores]))


def test_thresholds_are_strict():
    gt, pred = still_tube((0, 10)), still_tube((0, 10), range(5))
    metrics, _ = evaluate([sample(0, pred, gt)], convention='inclusive')
    assert metrics['m_vIoU'] == 0.5
    assert metrics['vIoU@0.5'] == 0
    assert metrics['vIoU@0.3'] == 1


def test_repeated_items_count_once():
    gt = still_tube((0, 10))
    items = [sample(0, gt, gt), sample(1, still_tube((20, 30)), gt), sample(0, gt, gt)]
    metrics, metric = evaluate(items, size=2, convention='inclusive')
    assert metrics['m_tIoU'] == 0.5
    assert [score['item_id'] for score in metric.item_scores] == [0, 1]


def test_misses_count_zero_and_are_reported(monkeypatch):
    said = []
    monkeypatch.setattr(STVGMetric, '_log', lambda self, message, level=0: said.append(message))
    gt = still_tube((0, 10))
    items = [sample(0, gt, gt), sample(1, gt=gt), sample(2, gt=gt, broken='truncated'), sample(3, broken='event')]
    metrics, metric = evaluate(items, size=5, convention='inclusive')
    assert metrics['m_vIoU'] == pytest.approx(1 / 5)
    assert [score['miss'] for score in metric.item_scores] == [
        None,
        'no prediction',
        'truncated',
        'event',
        'not tested',
    ]
    reasons = 'event: 1, no prediction: 1, not tested: 1, truncated: 1'
    assert f'4 of 5 items have no predicted tube and count 0 ({reasons}).' in said


def test_annotated_frames_without_a_box_are_reported(monkeypatch):
    said = []
    monkeypatch.setattr(STVGMetric, '_log', lambda self, message, level=0: said.append(message))
    evaluate([sample(0, still_tube((0, 10)), still_tube((0, 10), range(7)))])
    assert '3 annotated frames have no annotated box; none can overlap there.' in said


def test_items_without_ground_truth_are_predicted_not_scored(tmp_path):
    gt = still_tube((0, 10))
    out = tmp_path / 'pred.json'
    metrics, metric = evaluate([sample(0, gt, gt), sample(1, gt)], convention='inclusive', out_file=str(out))
    assert metrics['m_vIoU'] == 1
    assert len(metric.item_scores) == 1
    assert list(read_predictions(out)) == [0, 1]
    assert evaluate([sample(0, gt), sample(1, gt)])[0] == {}


def test_predictions_file(tmp_path):
    pred = Tube((3, 6), [2, 7], [[0, 0, 10, 10], [10, 0.1, 20, 10]])
    out = tmp_path / 'new' / 'pred.json'
    evaluate([sample(7, pred, still_tube((0, 10)), text='ein Fuß'), sample(2, gt=pred)], out_file=str(out))
    records = json.loads(out.read_text(encoding='utf-8'))
    assert len(records) == 1
    assert list(records[0]) == ['item_id', 'video_id', 'text', 'span', 'span_seconds', 'score', 'boxes']
    boxes = records[0].pop('boxes')
    assert records[0] == dict(
        item_id=7, video_id='7.mp4', text='ein Fuß', span=[3, 6], span_seconds=[0.3, 0.6], score=0.25
    )
    assert list(boxes) == ['2', '3', '4', '5', '6', '7']
    assert boxes['7'] == [10, 0.1, 20, 10]
    assert boxes['3'] == pytest.approx([2, 0.02, 12, 10])


def test_predictions_file_gives_the_same_scores_to_the_last_bit(tmp_path):
    rng = np.random.default_rng(0)
    items = []
    for index in range(5):
        frames = np.sort(rng.choice(60, 12, replace=False))
        corners = rng.uniform(0, 90, (12, 2))
        pred = Tube((10 + index, 40), frames, np.hstack([corners, corners + rng.uniform(5, 90, (12, 2))]))
        gt = Tube((5, 50), np.arange(5, 50), np.tile(rng.uniform(0, 50, 4) + [0, 0, 60, 60], (45, 1)))
        items.append(sample(index, pred, gt))
    metrics, _ = evaluate(items, out_file=str(tmp_path / 'a.json'))
    read = read_predictions(tmp_path / 'a.json')
    again = [sample(i.item_id, Tube.from_dict(read[i.item_id]), i.gt_tube) for i in items]
    assert evaluate(again)[0] == metrics


@pytest.mark.parametrize('text', ['no json', '{}', '[{"item_id": 1}]', '[1]'])
def test_other_files_are_refused(tmp_path, text):
    (tmp_path / 'a.json').write_text(text)
    with pytest.raises(ValueError, match=r'a\.json is no predictions file'):
        read_predictions(tmp_path / 'a.json')


def test_unknown_convention_is_named():
    with pytest.raises(ValueError, match="'exact'"):
        STVGMetric(convention='exact')


def _evaluate_half(rank, folder):
    """Five items on two processes: the sampler repeats item 0, and process 1 has lost item 3."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group('gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2)
    gt = still_tube((0, 10))
    own = [[0, 2, 4], [1, 0]][rank]
    items = [sample(i, still_tube((0, 10 + 5 * i)), gt) for i in own]
    metrics, _ = evaluate(items, size=5, convention='inclusive', out_file=f'{folder}/pred.json')
    with open(f'{folder}/{rank}.json', 'w') as file:
        json.dump(metrics, file)
    torch.distributed.destroy_process_group()


def test_two_processes(tmp_path):
    mp.spawn(_evaluate_half, (str(tmp_path),), nprocs=2)
    metrics = [json.loads((tmp_path / f'{rank}.json').read_text()) for rank in range(2)]
    assert metrics[0] == metrics[1]
    assert metrics[0]['m_tIoU'] == pytest.approx((1 + 10 / 15 + 10 / 20 + 10 / 30) / 5)
    assert list(read_predictions(tmp_path / 'pred.json')) == [0, 1, 2, 4]
