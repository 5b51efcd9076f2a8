"""The model with the reference's weights, and comparison with what the reference answered."""

from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from reference import ReferenceCase, reference_state_dict

from mmstvg.registry import MODELS
from tools.model_converters import cgstvg_to_mmstvg

OUTPUTS = {
    'pred_boxes': 'pred_boxes',
    'box_conf': 'boxes_conf',
    'span_logits': 'pred_sted',
    'actioness_logits': 'pred_actioness',
}


def build_model(case: ReferenceCase, device: str = 'cpu') -> torch.nn.Module:
    config = Config.fromfile(Path(__file__).parents[1] / 'configs/_base_/models/cgstvg_r101_vidswint_roberta.py')
    init_default_scope('mmstvg')
    config.model.text_encoder.update(name_or_path=None, config=dict(model_type='roberta', **case.meta['roberta']))
    config.model.test_cfg.interleave = 1
    return MODELS.build(config.model).to(device)


def load_reference(model: torch.nn.Module, case: ReferenceCase) -> None:
    """Weights, thresholds and loss weights of a recorded case; eval mode, as it was recorded."""
    weights, _ = cgstvg_to_mmstvg.convert(reference_state_dict(case.meta['seed']))
    model.load_state_dict(weights, strict=True)
    model.zero_grad()
    refiner = model.head.context.refiner
    refiner.theta_t, refiner.theta_s, refiner.theta_gt = (case.meta[f'theta_{x}'] for x in ('t', 's', 'gt'))
    for name, loss in model.head.losses.items():
        loss.weight = case.meta['loss_weights'][name.replace('span', 'sted')]
    model.eval()


def inputs_of(case: ReferenceCase, device: str) -> dict[str, torch.Tensor]:
    return {name: x.to(device) for name, x in case.inputs().items()}


def assert_outputs(outputs, case, prefix):
    for name, recorded in OUTPUTS.items():
        expected = case[f'{prefix}_{recorded}']
        torch.testing.assert_close(
            outputs[name][:, 0].detach().cpu(), expected, atol=1e-4, rtol=0, msg=lambda m, n=name: f'{n}: {m}'
        )


def assert_context(outputs, case, prefix):
    found = outputs['context_frames'][:, 0].cpu()
    expected = case[f'{prefix}_context'].bool()
    assert torch.equal(found[found.any(dim=1)], expected)


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
