import torch

from mmstvg.models.layers import FrozenBatchNorm2d


def test_equals_batch_norm_in_eval_mode_and_keeps_no_map():
    torch.manual_seed(0)
    theirs = torch.nn.BatchNorm2d(6).eval()
    for tensor in (theirs.weight.data, theirs.bias.data, theirs.running_mean, theirs.running_var):
        tensor.uniform_(0.5, 2)
    ours = FrozenBatchNorm2d(6)
    ours.load_state_dict({k: v for k, v in theirs.state_dict().items() if k != 'num_batches_tracked'})
    x = torch.randn(2, 6, 4, 5, requires_grad=True)
    expected = theirs(x)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.numel()) or t, lambda t: t):
        y = ours(x)
    torch.testing.assert_close(y, expected, atol=1e-6, rtol=1e-5)
    assert sum(kept) < x.numel()
    assert list(ours.parameters()) == []


def test_weights_set_by_an_initialisation_are_taken_up():
    ours = FrozenBatchNorm2d(3)
    x = torch.randn(1, 3, 2, 2)
    ours.weight.fill_(2.0)
    torch.testing.assert_close(ours.eval()(x), 2 * x, atol=1e-4, rtol=1e-4)
    assert set(ours.state_dict()) == {'weight', 'bias', 'running_mean', 'running_var'}


def test_mode_may_change_before_the_backward_pass():
    ours = FrozenBatchNorm2d(3)
    x = torch.randn(1, 3, 2, 2, requires_grad=True)
    y = ours.train()(x)
    ours.eval()
    y.sum().backward()
    torch.testing.assert_close(x.grad, torch.ones_like(x), atol=1e-4, rtol=1e-4)
