import pytest
import torch
from torch import nn

from mmstvg.engine.optimizers import SkipUnusedAdamW

OPTIONS = dict(lr=0.1, weight_decay=0.1)


def make_parts():
    torch.manual_seed(0)
    return nn.ModuleDict({'used': nn.Linear(3, 2), 'sometimes': nn.Linear(3, 2)})


def run(optimizer_type, gradients_of_sometimes):
    """Train; the second part gets what the list says: 1 a gradient, 0 zeros, None none."""
    parts = make_parts()
    optimizer = optimizer_type(parts.parameters(), **OPTIONS)
    for gradient in gradients_of_sometimes:
        for parameter in parts.parameters():
            parameter.grad = torch.ones_like(parameter)
        for parameter in parts.sometimes.parameters():
            parameter.grad = None if gradient is None else torch.full_like(parameter, gradient)
        optimizer.step()
    return parts.state_dict(), optimizer


def test_zero_gradient_is_no_gradient():
    found, optimizer = run(SkipUnusedAdamW, [0, 1, 0, 1])
    expected, plain = run(torch.optim.AdamW, [None, 1, None, 1])
    for name, value in expected.items():
        assert torch.equal(found[name], value), name
    assert [float(state['step']) for state in optimizer.state.values()] == [4, 4, 2, 2]
    moved_on, _ = run(torch.optim.AdamW, [0, 1, 0, 1])
    assert not torch.equal(moved_on['sometimes.weight'], expected['sometimes.weight'])


def test_a_single_value_is_a_gradient():
    parts = make_parts()
    optimizer = SkipUnusedAdamW(parts.parameters(), **OPTIONS)
    before = parts.used.weight.detach().clone()
    parts.used.weight.grad = torch.zeros(2, 3)
    parts.used.weight.grad[1, 2] = 1e-30
    optimizer.step()
    assert not torch.equal(parts.used.weight, before)


def test_nan_is_a_gradient():
    """It must not be hidden."""
    parts = make_parts()
    optimizer = SkipUnusedAdamW(parts.parameters(), **OPTIONS)
    parts.used.weight.grad = torch.full((2, 3), torch.nan)
    optimizer.step()
    assert parts.used.weight.isnan().all()


def test_step_without_any_gradient():
    parts = make_parts()
    before = {name: value.clone() for name, value in parts.state_dict().items()}
    optimizer = SkipUnusedAdamW(parts.parameters(), **OPTIONS)
    optimizer.step()
    assert all(torch.equal(value, before[name]) for name, value in parts.state_dict().items())


def test_resumed_run_is_the_same():
    whole, _ = run(SkipUnusedAdamW, [0, 0, 1, 0])
    parts = make_parts()
    optimizer = SkipUnusedAdamW(parts.parameters(), **OPTIONS)
    for step, gradient in enumerate([0, 0, 1, 0]):
        if step == 2:
            state, optimizer = optimizer.state_dict(), SkipUnusedAdamW(parts.parameters(), **OPTIONS)
            optimizer.load_state_dict(state)
        for name, parameter in parts.named_parameters():
            parameter.grad = torch.full_like(parameter, 1 if name.startswith('used') else gradient)
        optimizer.step()
    for name, value in whole.items():
        assert torch.equal(parts.state_dict()[name], value), name


@pytest.mark.parametrize('foreach', [False, True])
def test_implementations_agree(foreach):
    parts = make_parts()
    optimizer = SkipUnusedAdamW(parts.parameters(), foreach=foreach, **OPTIONS)
    before = parts.sometimes.weight.detach().clone()
    parts.sometimes.weight.grad = torch.zeros(2, 3)
    parts.used.weight.grad = torch.ones(2, 3)
    optimizer.step()
    assert torch.equal(parts.sometimes.weight, before)
