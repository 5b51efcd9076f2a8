"""From outputs of both halves to one tube, against the recorded cases."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mmstvg.models.heads.post_process import best_spans, tubes_from_outputs
from mmstvg.structures import STVGDataSample

CASES = json.loads(gzip.decompress((Path(__file__).parents[2] / 'data/postprocess.json.gz').read_bytes()))['cases']


def answer(half: dict, frame_ids: list[int], ori_size: list[int]):
    boxes, span_logits = torch.tensor(half['boxes']), torch.tensor(half['sted'])
    outputs = {
        'pred_boxes': boxes[None, None],
        'span_logits': span_logits[None, None],
        'actioness_logits': torch.zeros(1, 1, len(boxes)),
    }
    sample = STVGDataSample(metainfo=dict(frame_ids=np.array(frame_ids), ori_shape=tuple(ori_size)))
    return tubes_from_outputs(outputs, torch.zeros(1, len(boxes), dtype=torch.bool), [sample])[0]


@pytest.mark.parametrize('case', CASES, ids=lambda case: case['name'])
def test_recorded_case(case):
    expected = case['expected']
    halves = [
        answer(case[half], case['frame_ids'][i::2], case['ori_size']).tube for i, half in enumerate(('even', 'odd'))
    ]
    assert [list(tube.span) for tube in halves] == [expected['even_span'], expected['odd_span']]
    merged = halves[0].merge(halves[1])
    assert list(merged.span) == expected['span']
    frames = sorted(int(frame) for frame in expected['boxes'])
    boxes, covered = merged.boxes_at(frames)
    assert covered.all()
    np.testing.assert_allclose(boxes, [expected['boxes'][str(frame)] for frame in frames], atol=1e-3)


def test_ties_go_to_the_first_pair():
    assert best_spans(torch.zeros(1, 5, 2), torch.zeros(1, 5, dtype=torch.bool)).tolist() == [[0, 1]]


def test_padding_is_never_chosen():
    logits = torch.zeros(2, 5, 2)
    logits[:, 3:] = 100.0
    mask = torch.tensor([[False] * 3 + [True] * 2, [False] + [True] * 4])
    assert best_spans(logits, mask).tolist() == [[0, 1], [0, 0]]
