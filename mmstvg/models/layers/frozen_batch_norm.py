"""BatchNorm whose statistics and weights never change."""

import torch
from torch import Tensor, nn

from mmstvg.registry import MODELS


@MODELS.register_module()
class FrozenBatchNorm2d(nn.Module):
    """BatchNorm of fixed statistics and weights, all of them buffers under BatchNorm's names.

    One multiplication and addition a value. The backward pass needs none of its inputs, so unlike a BatchNorm in eval
    mode it keeps no map for it. Weights are taken up when they are loaded and by `train()` and `eval()`. Choose it by
    `norm_cfg=dict(type='FrozenBatchNorm2d')`.

    Args:
        num_features: Channels.
        eps: Added to the variance.
    """

    _abbr_ = 'bn'  # mmcv names the layer by it

    def __init__(self, num_features: int, eps: float = 1e-5):
        super().__init__()
        self.eps = eps
        self.is_folded = False  # whether the convolution before it does its work, see `FoldedConv2d`
        self.register_buffer('weight', torch.ones(num_features))
        self.register_buffer('bias', torch.zeros(num_features))
        self.register_buffer('running_mean', torch.zeros(num_features))
        self.register_buffer('running_var', torch.ones(num_features))
        self.register_buffer('scale', torch.ones(num_features, 1, 1), persistent=False)
        self.register_buffer('shift', torch.zeros(num_features, 1, 1), persistent=False)
        self.register_load_state_dict_post_hook(_fold)
        _fold(self)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` to `(N, C, H, W)`."""
        if self.is_folded:
            return x
        return torch.addcmul(self.shift.to(x.dtype), x, self.scale.to(x.dtype))

    def train(self, mode: bool = True) -> 'FrozenBatchNorm2d':
        """Changes nothing but takes up weights that were set without loading, as an initialisation does."""
        _fold(self)
        return super().train(mode)


def _fold(norm: FrozenBatchNorm2d, _: object = None) -> None:
    """Scale and shift, once for many passes: on a GPU nine small kernels a layer would take longer than the map.

    Through `data`, lest a change of mode before a backward pass count as a change of what it needs.
    """
    scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
    norm.scale.data.copy_(scale[:, None, None])
    norm.shift.data.copy_((norm.bias - norm.running_mean * scale)[:, None, None])
