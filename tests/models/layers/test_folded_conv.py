import copy

import pytest
import torch
from torch import nn

from mmstvg.models.layers import FoldedConv2d, FrozenBatchNorm2d, fold_frozen_norms
from mmstvg.registry import MODELS

NORM = dict(type='mmstvg.FrozenBatchNorm2d')


def build(depth, kind='ResNet', norm_cfg=NORM, **options):
    return MODELS.build(dict(type=f'mmdet.{kind}', depth=depth, norm_cfg=norm_cfg, zero_init_residual=False, **options))


def randomize(network):
    torch.manual_seed(0)
    for norm in network.modules():
        if isinstance(norm, FrozenBatchNorm2d):
            for tensor in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
                tensor.uniform_(0.5, 1.5)
    network.train()


def grads(network):
    return {name: p.grad.clone() for name, p in network.named_parameters() if p.grad is not None}


@pytest.mark.parametrize(
    ('options', 'count'),
    [
        (dict(depth=18), 20),
        (dict(depth=50, frozen_stages=1), 53),
        (dict(depth=50, deep_stem=True, avg_down=True), 55),
        (dict(kind='ResNeXt', depth=50, groups=32, base_width=4), 53),
    ],
    ids=['basic blocks', 'bottlenecks', 'deep stem, pooled shortcut', 'groups'],
)
def test_same_answer_gradients_and_state_dict(options, count):
    network = build(**options).double()  # sums round differently
    randomize(network)
    folded = copy.deepcopy(network)
    fold_frozen_norms(folded)
    assert sum(isinstance(module, FoldedConv2d) for module in folded.modules()) == count
    assert all(module.is_folded for module in folded.modules() if isinstance(module, FrozenBatchNorm2d))
    assert list(folded.state_dict()) == list(network.state_dict())
    assert [p.requires_grad for p in folded.parameters()] == [p.requires_grad for p in network.parameters()]
    x = torch.randn(2, 3, 64, 96, dtype=torch.double)
    expected, found = network(x)[-1], folded(x)[-1]
    torch.testing.assert_close(found, expected)
    expected.sum().backward()
    found.sum().backward()
    theirs = grads(network)
    for name, grad in grads(folded).items():
        torch.testing.assert_close(grad, theirs[name], rtol=1e-6, atol=1e-6)
    assert len(theirs) == len(grads(folded))


def test_copies_and_loaded_weights_use_their_own_norm():
    network = build(18)
    fold_frozen_norms(network)
    twin = copy.deepcopy(network)
    randomize(network)
    x = torch.randn(1, 3, 32, 32)
    expected = network(x)[-1]
    assert not torch.allclose(twin(x)[-1], expected)
    twin.load_state_dict(network.state_dict())
    torch.testing.assert_close(twin(x)[-1], expected)


def test_other_norms_and_other_networks_stay():
    network = build(18, norm_cfg=dict(type='BN'))
    fold_frozen_norms(network)
    assert not any(isinstance(module, FoldedConv2d) for module in network.modules())
    own = nn.Sequential(nn.Conv2d(3, 4, 1, bias=False), FrozenBatchNorm2d(4))
    fold_frozen_norms(own)
    assert type(own[0]) is nn.Conv2d
    assert not own[1].is_folded


def test_one_graph_and_channels_last():
    network = build(18)
    fold_frozen_norms(network)
    randomize(network)
    x = torch.randn(1, 3, 64, 64)
    expected = network(x)[-1]
    network.to(memory_format=torch.channels_last)
    compiled = torch.compile(network, fullgraph=True, backend='eager')
    found = compiled(x.contiguous(memory_format=torch.channels_last))[-1]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * expected.abs().max().item())
    found.sum().backward()
    # Or DistributedDataParallel copies gradients.
    assert all(p.grad.stride() == p.stride() for p in network.parameters())
