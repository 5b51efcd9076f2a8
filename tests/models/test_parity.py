"""The model answers what the reference answered: outputs, context, losses, gradients, tubes."""

import numpy as np
import pytest
import torch
from devices import DEVICES
from parity import assert_context, assert_gradients, assert_outputs, build_model, inputs_of, load_reference
from reference import CASES, ReferenceCase

from mmstvg.models.heads import STVGTargets

LOSSES = {
    'loss_bbox': 'loss_bbox',
    'loss_giou': 'loss_giou',
    'loss_sted': 'loss_span',
    'loss_conf': 'loss_conf',
    'loss_actioness': 'loss_actioness',
}


@pytest.fixture(scope='module', params=DEVICES)
def device(request):
    return request.param


@pytest.fixture(scope='module', params=CASES)
def case(request):
    return ReferenceCase(request.param)


BUILT = {}


@pytest.fixture(scope='module')
def model(case, device):
    if device not in BUILT:
        BUILT[device] = build_model(case, device)
    load_reference(BUILT[device], case)
    return BUILT[device]


def test_inference(model, case, device):
    with torch.no_grad():
        outputs = model(inputs_of(case, device), [case.sample()], mode='tensor')
    assert_outputs(outputs, case, 'eval')
    assert_context(outputs, case, 'eval')


def test_inference_without_context(model, case, device, monkeypatch):
    monkeypatch.setattr(model.head.context.refiner, 'theta_s', 3.0)
    with torch.no_grad():
        outputs = model(inputs_of(case, device), [case.sample()], mode='tensor')
    assert not outputs['context_frames'].any()
    assert_outputs(outputs, case, 'nocontext')


def test_tube(model, case, device):
    sample = case.sample()
    del sample.gt_tube
    with torch.no_grad():
        (answer,) = model(inputs_of(case, device), [sample], mode='predict')
    assert answer.pred_tube.span == tuple(case['eval_tube_span'].tolist())
    np.testing.assert_array_equal(answer.pred_tube.frame_ids, case.meta['frame_ids'])
    np.testing.assert_allclose(answer.pred_tube.boxes, case['eval_tube_boxes'].numpy(), atol=5e-3)
    assert 0 <= answer.score <= 1


def test_losses_and_gradients(model, case, device):
    sample = case.sample()
    encoded = model.encode(inputs_of(case, device), [sample])
    targets = STVGTargets.from_samples([sample], device)
    outputs = model.head(encoded, targets)
    assert_outputs(outputs, case, 'train')
    assert_context(outputs, case, 'train')

    losses = model.head.loss_by_outputs(outputs, targets)
    weights = case.meta['loss_weights']
    for name, expected in zip(case.recorded['loss_names'], case['loss_values'], strict=True):
        term, _, stage = name.partition('_')[2].partition('_')
        ours = LOSSES[f'loss_{term}']
        found = losses[f'd{stage}.{ours}' if stage else ours] / weights[name]
        torch.testing.assert_close(
            found.detach().cpu(), expected.float(), rtol=1e-4, atol=1e-7, msg=lambda m, n=name: f'{n}: {m}'
        )
    total = sum(losses.values())
    torch.testing.assert_close(total.detach().cpu(), case['loss_total'].float(), rtol=1e-4, atol=0)

    total.backward()
    assert_gradients(model, case)
