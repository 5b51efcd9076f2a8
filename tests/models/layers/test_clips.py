import pytest
import torch

from mmstvg.models.layers import run_in_parts


@pytest.mark.parametrize(
    ('dim', 'values_at_once', 'lengths'),
    [
        (0, 60, [4]),
        (0, 59, [3, 1]),
        (0, 1, [1, 1, 1, 1]),
        (1, 40, [2, 1]),
    ],
)
def test_parts_without_a_graph(dim, values_at_once, lengths):
    seen = []

    def network(part):
        seen.append(part.shape[dim])
        return 2 * part

    x = torch.randn(4, 3, 5)
    with torch.no_grad():
        assert torch.equal(run_in_parts(network, x, values_at_once, dim), 2 * x)
    assert seen == lengths


def test_with_a_graph_all_at_once_and_nothing_copied():
    x = torch.randn(5, 2, requires_grad=True)
    assert run_in_parts(lambda part: part, x, values_at_once=1) is x
    with torch.no_grad():
        assert run_in_parts(lambda part: part, x, values_at_once=10) is x
