"""BatchNorm whose statistics and weights never change."""

import torch
from torch import Tensor, nn

from mmstvg.registry import MODELS


@MODELS.register_module()
class FrozenBatchNorm2d(nn.Module):
    """BatchNorm of fixed statistics and weights, all of them buffers under BatchNorm's names.

    One multiplication and addition a value. The backward pass needs none of its inputs, so unlike a BatchNorm in eval
    mode it keeps no map for it. Choose it by `norm_cfg=dict(type='FrozenBatchNorm2d')`.

    Args:
        num_features: Channels.
        eps: Added to the variance.
    """

    _abbr_ = 'bn'  # mmcv names the layer by it

    def __init__(self, num_features: int, eps: float = 1e-5):
        super().__init__()
        self.eps = eps
        self.register_buffer('weight', torch.ones(num_features))
        self.register_buffer('bias', torch.zeros(num_features))
        self.register_buffer('running_mean', torch.zeros(num_features))
        self.register_buffer('running_var', torch.ones(num_features))

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` to `(N, C, H, W)`."""
        scale = self.weight * (self.running_var + self.eps).rsqrt()
        shift = self.bias - self.running_mean * scale
        scale, shift = (v.to(x.dtype)[:, None, None] for v in (scale, shift))
        return torch.addcmul(shift, x, scale)
