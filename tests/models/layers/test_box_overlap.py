import torch

from mmstvg.models.layers import box_overlap


def test_overlap_of_each_pair_in_each_stage():
    true = torch.tensor([[[0.2, 0.2, 0.4, 0.4], [0.5, 0.5, 0.2, 0.2]]])  # B T 4
    predicted = torch.stack([true, true + torch.tensor([0.2, 0.0, 0.0, 0.0])])  # K B T 4
    torch.testing.assert_close(box_overlap(predicted, true), torch.tensor([[[1.0, 1.0]], [[1 / 3, 0.0]]]))
    torch.testing.assert_close(box_overlap(predicted[1], true, 'giou'), torch.tensor([[1 / 3, 0.0]]), atol=1e-5, rtol=0)
