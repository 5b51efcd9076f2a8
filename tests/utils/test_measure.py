import itertools
import sys

import pytest
import torch
from torch.utils.checkpoint import checkpoint

from mmstvg.utils import measure

CPU = torch.device('cpu')


def test_median_of_rounds(monkeypatch):
    """Work a takes 1, 2, 3 ... seconds, work b always 10; the first round does not count."""
    clock = [0.0]
    order = []
    durations = {'a': itertools.count(1), 'b': itertools.repeat(10)}

    def work(name):
        order.append(name)
        clock[0] += next(durations[name])

    monkeypatch.setattr(measure.time, 'perf_counter', lambda: clock[0])
    found = measure.median_seconds({name: lambda name=name: work(name) for name in 'ab'}, 5, CPU)
    assert found == {'a': 4, 'b': 10}
    assert order == ['a', 'b'] * 6


def test_kept_bytes_of_distinct_storages():
    weight = torch.nn.Parameter(torch.randn(1000))
    x = torch.randn(1000, requires_grad=True)
    assert measure.bytes_kept_for_backward(lambda: (x * x).sum(), []) == 4000  # twice the same
    assert measure.bytes_kept_for_backward(lambda: (x.exp() * weight).sum(), [weight]) == 4000  # the exponential
    assert measure.bytes_kept_for_backward(lambda: (x.exp() * weight).sum(), []) == 8000
    assert measure.bytes_kept_for_backward(lambda: (x + 1).sum(), []) == 0


def test_kept_bytes_with_checkpoints():
    """Inside nothing is kept, its input is."""
    x = torch.randn(1000, requires_grad=True)

    def inside(y):
        return y.exp().exp().exp()

    assert measure.bytes_kept_for_backward(lambda: inside(x).sum(), []) == 12000
    with_checkpoint = measure.bytes_kept_for_backward(lambda: checkpoint(inside, x, use_reentrant=False).sum(), [])
    assert with_checkpoint == 4000


def test_reads_are_counted_where_they_are():
    x = torch.arange(4.0)
    works = [
        lambda: x[0].item(),
        lambda: bool(x.sum() > 1),
        lambda: x[x > 1],
        lambda: x.nonzero(),
        lambda: torch.masked_select(x, x > 1),
    ]
    for work in works:
        (place,) = measure.device_reads(work, CPU)
        assert place.startswith(f'utils/test_measure.py:{work.__code__.co_firstlineno}')

    def without():
        y = torch.where(x > 1, x, 0)[[0, 2]][torch.tensor([1])]
        y.requires_grad_().square().sum().backward()

    assert not measure.device_reads(without, CPU)


def test_reads_in_the_backward_pass():
    class Reads(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, grad):
            return grad * grad.sum().item()

    x = torch.ones(3, requires_grad=True)
    assert sum(measure.device_reads(lambda: Reads.apply(x).sum().backward(), CPU).values()) == 1


@pytest.mark.skipif(sys.platform != 'linux', reason='only Linux tells the peak of a process')
def test_peak_of_a_process():
    size = 64 << 20
    found = measure.peak_bytes(lambda: torch.ones(size // 4), CPU)
    if found is None:
        pytest.skip('/proc is not writable here')
    assert 0.9 * size < found < 1.3 * size
    assert measure.peak_bytes(lambda: None, CPU) < size / 10
