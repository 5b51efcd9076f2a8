"""The model answers what the reference answered: outputs, context, losses, gradients, tubes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from reference import CASES, ReferenceCase, reference_state_dict

from mmstvg.models.heads import STVGTargets
from mmstvg.registry import MODELS
from tools.model_converters import cgstvg_to_mmstvg

OUTPUTS = {
    'pred_boxes': 'pred_boxes',
    'box_conf': 'boxes_conf',
    'span_logits': 'pred_sted',
    'actioness_logits': 'pred_actioness',
}
LOSSES = {
    'loss_bbox': 'loss_bbox',
    'loss_giou': 'loss_giou',
    'loss_sted': 'loss_span',
    'loss_conf': 'loss_conf',
    'loss_actioness': 'loss_actioness',
}


def build_model(case: ReferenceCase):
    config = Config.fromfile(Path(__file__).parents[2] / 'configs/_base_/models/cgstvg_r101_vidswint_roberta.py')
    init_default_scope('mmstvg')
    config.model.text_encoder.update(name_or_path=None, config=dict(model_type='roberta', **case.meta['roberta']))
    config.model.test_cfg.interleave = 1
    return MODELS.build(config.model)


@pytest.fixture(scope='module', params=CASES)
def case(request):
    return ReferenceCase(request.param)


MODEL = {}


@pytest.fixture(scope='module')
def model(case):
    if not MODEL:
        MODEL['model'] = build_model(case)
    model = MODEL['model']
    weights, _ = cgstvg_to_mmstvg.convert(reference_state_dict(case.meta['seed']))
    model.load_state_dict(weights, strict=True)
    model.zero_grad()
    refiner = model.head.context.refiner
    refiner.theta_t, refiner.theta_s, refiner.theta_gt = (case.meta[f'theta_{x}'] for x in ('t', 's', 'gt'))
    for name, loss in model.head.losses.items():
        loss.weight = case.meta['loss_weights'][name.replace('span', 'sted')]
    return model.eval()


def assert_outputs(outputs, case, prefix):
    for name, recorded in OUTPUTS.items():
        expected = case[f'{prefix}_{recorded}']
        torch.testing.assert_close(
            outputs[name][:, 0].detach(), expected, atol=1e-4, rtol=0, msg=lambda m, n=name: f'{n}: {m}'
        )


def assert_context(outputs, case, prefix):
    found = outputs['context_frames'][:, 0]
    expected = case[f'{prefix}_context'].bool()
    assert torch.equal(found[found.any(dim=1)], expected)


def test_inference(model, case):
    with torch.no_grad():
        outputs = model(case.inputs(), [case.sample()], mode='tensor')
    assert_outputs(outputs, case, 'eval')
    assert_context(outputs, case, 'eval')


def test_inference_without_context(model, case, monkeypatch):
    monkeypatch.setattr(model.head.context.refiner, 'theta_s', 3.0)
    with torch.no_grad():
        outputs = model(case.inputs(), [case.sample()], mode='tensor')
    assert not outputs['context_frames'].any()
    assert_outputs(outputs, case, 'nocontext')


def test_tube(model, case):
    sample = case.sample()
    del sample.gt_tube
    with torch.no_grad():
        (answer,) = model(case.inputs(), [sample], mode='predict')
    assert answer.pred_tube.span == tuple(case['eval_tube_span'].tolist())
    np.testing.assert_array_equal(answer.pred_tube.frame_ids, case.meta['frame_ids'])
    np.testing.assert_allclose(answer.pred_tube.boxes, case['eval_tube_boxes'].numpy(), atol=5e-3)
    assert 0 <= answer.score <= 1


def test_losses_and_gradients(model, case):
    sample = case.sample()
    encoded = model.encode(case.inputs(), [sample])
    targets = STVGTargets.from_samples([sample], 'cpu')
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
            found.detach(), expected.float(), rtol=1e-4, atol=1e-7, msg=lambda m, n=name: f'{n}: {m}'
        )
    total = sum(losses.values())
    torch.testing.assert_close(total.detach(), case['loss_total'].float(), rtol=1e-4, atol=0)

    total.backward()
    assert_gradients(model, case)


def assert_gradients(model, case):
    """Norms of every parameter; the reference's names are mapped by sending them through the converter."""
    floor = 1e-4 * float(case['grad_total_norm'])
    expected = dict(zip(case.recorded['grad_names'], case.recorded['grad_norms'], strict=True))
    renamed, _ = cgstvg_to_mmstvg.rename_keys(expected, cgstvg_to_mmstvg.RENAMES, cgstvg_to_mmstvg.DROPS)
    parameters = dict(model.named_parameters())
    for key, norm in renamed.items():
        found = float(parameters[key].grad.norm())
        assert abs(found - norm) <= max(1e-3 * norm, floor), f'{key}: {found}, recorded {norm}'
    total = torch.stack([p.grad.norm() for p in parameters.values() if p.grad is not None]).norm()
    torch.testing.assert_close(float(total), float(case['grad_total_norm']), rtol=1e-3, atol=0)
