"""Autocast changes the losses of the recorded cases little, and nothing overflows in it."""

from collections import defaultdict

import pytest
import torch
from batches import batch_of, mixed_batch, toy_model
from parity import build_model, inputs_of, load_reference
from reference import CASES, ReferenceCase

from mmstvg.models.heads import STVGTargets

precisions = pytest.mark.parametrize(
    ('device', 'dtype'),
    [
        ('cpu', torch.bfloat16),
        pytest.param('cuda', torch.bfloat16, marks=pytest.mark.cuda),
        pytest.param('cuda', torch.float16, marks=pytest.mark.cuda),
    ],
)


@precisions
def test_losses_are_those_of_float32(device, dtype):
    case = ReferenceCase(CASES[0])
    model = build_model(case, device)
    for name in CASES:
        case = ReferenceCase(name)
        load_reference(model, case)
        exact, rounded = losses_by_kind(model, case, device, None), losses_by_kind(model, case, device, dtype)
        for kind, value in exact.items():
            assert rounded[kind] == pytest.approx(value, rel=0.02), f'{name}: {kind}'
        assert sum(rounded.values()) == pytest.approx(sum(exact.values()), rel=0.005), name


def losses_by_kind(model, case, device, dtype):
    """Each loss summed over the stages."""
    sample = case.sample()
    with torch.no_grad(), torch.autocast(device, dtype=dtype, enabled=dtype is not None):
        encoded = model.encode(inputs_of(case, device), [sample])
        targets = STVGTargets.from_samples([sample], device)
        losses = model.head.loss_by_outputs(model.head(encoded, targets), targets)
    kinds = defaultdict(float)
    for name, value in losses.items():
        assert value.dtype == torch.float32, name
        kinds[name.rpartition('.')[2]] += float(value)
    return kinds


@precisions
def test_answers_are_not_rounded(device, dtype):
    model = toy_model(device=device)
    items = mixed_batch()
    with torch.no_grad(), torch.autocast(device, dtype=dtype):
        outputs = model(**batch_of(model, items), mode='tensor')
    logits = {'boxes': outputs['pred_boxes'].logit(), 'span': outputs['span_logits']}
    logits['actioness'] = outputs['actioness_logits']
    for name, values in logits.items():
        assert values.dtype == torch.float32, name
        kept = values.isclose(values.to(dtype).float(), rtol=1e-4).float().mean()
        assert kept < 0.5, f'{name}: {kept:.0%} of the values are those of {dtype}'


@precisions
def test_nothing_overflows_at_logits_of_100(device, dtype):
    """Certain answers, right and wrong, and boxes without a size."""
    model = toy_model(device=device)
    items = mixed_batch()
    targets = STVGTargets.from_samples([item['data_samples'] for item in items], device)
    shape = (2, *targets.inside.shape)  # K B T
    sign = torch.where(torch.rand(shape, device=device) < 0.5, -1.0, 1.0)
    outputs = {
        'pred_boxes': (sign[..., None] > 0).float().expand(*shape, 4).clone(),
        'span_logits': 100 * torch.stack([sign, -sign], dim=-1),
        'actioness_logits': 100 * sign,
        'box_conf': (100 * sign).sigmoid(),
        'map_logits': 100 * sign[0, ..., None],
    }
    leaves = [x.requires_grad_() for x in outputs.values()]
    outputs['map_inside'] = targets.inside[..., None].float()
    with torch.autocast(device, dtype=dtype):
        losses = model.head.loss_by_outputs(outputs, targets)
    assert all(value.isfinite() and value >= 0 for value in losses.values()), losses
    sum(losses.values()).backward()
    assert all(x.grad.isfinite().all() for x in leaves)
