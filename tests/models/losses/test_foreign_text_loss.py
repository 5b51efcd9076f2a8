import math

import pytest
import torch

from mmstvg.models.losses import ForeignTextLoss


def test_wants_no_actioness_on_any_valid_frame():
    logits = torch.tensor([[[0.0, 0.0, 50.0], [-100.0, 100.0, 0.0]]])  # K B T
    frame_mask = torch.tensor([[False, False, True], [False, False, False]])
    expected = [[2 * math.log(2), 2 * (100 + math.log(2)) / 3]]
    torch.testing.assert_close(ForeignTextLoss(weight=2.0)(logits, frame_mask), torch.tensor(expected))


def test_gradient_is_the_probability():
    logits = torch.tensor([[[-1.0, 0.5]]], requires_grad=True)
    ForeignTextLoss()(logits, torch.zeros(1, 2, dtype=torch.bool)).sum().backward()
    torch.testing.assert_close(logits.grad, logits.detach().sigmoid() / 2)


@pytest.mark.parametrize('extreme', [-1e4, 1e4])
def test_extreme_logits_give_finite_losses(extreme):
    assert torch.isfinite(ForeignTextLoss()(torch.full((1, 1, 2), extreme), torch.zeros(1, 2, dtype=torch.bool))).all()
