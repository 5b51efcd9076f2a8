import pytest
import torch

from mmstvg.models.layers import box_overlap


def test_overlap_of_each_pair_in_each_stage():
    true = torch.tensor([[[0.2, 0.2, 0.4, 0.4], [0.5, 0.5, 0.2, 0.2]]])  # B T 4
    predicted = torch.stack([true, true + torch.tensor([0.2, 0.0, 0.0, 0.0])])  # K B T 4
    torch.testing.assert_close(box_overlap(predicted, true), torch.tensor([[[1.0, 1.0]], [[1 / 3, 0.0]]]))
    torch.testing.assert_close(box_overlap(predicted[1], true, 'giou'), torch.tensor([[1 / 3, 0.0]]), atol=1e-5, rtol=0)


@pytest.mark.parametrize('mode', ['iou', 'giou'])
def test_equals_mmdet_in_value_and_gradient(mode):
    """Also for boxes of no size, apart, inside each other and equal."""
    from mmdet.structures.bbox import bbox_cxcywh_to_xyxy, bbox_overlaps  # after mmstvg, which makes it importable

    true = torch.rand(4, 50, 4)
    true[0, :10, 2:] = 0
    predicted = torch.rand(3, 4, 50, 4)
    predicted[0, 1] = true[1]
    predicted[1, 0, :5, 2:] = 0
    predicted.requires_grad_()
    weight = torch.rand(3, 4, 50)
    ours = box_overlap(predicted, true, mode)
    (gradient,) = torch.autograd.grad((ours * weight).sum(), predicted)
    corners = bbox_cxcywh_to_xyxy(predicted)
    theirs = bbox_overlaps(corners, bbox_cxcywh_to_xyxy(true).expand_as(corners), mode=mode, is_aligned=True)
    (expected,) = torch.autograd.grad((theirs * weight).sum(), predicted)
    torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-6)
    assert gradient.isfinite().all()
    torch.testing.assert_close(gradient, expected, atol=1e-4, rtol=1e-4)
