"""Convolutions that do the work of the frozen BatchNorm behind them."""

import itertools

from mmdet.models.backbones import ResNet
from torch import Tensor, nn

from .frozen_batch_norm import FrozenBatchNorm2d


class FoldedConv2d(nn.Conv2d):
    """A convolution with the scale and shift of the frozen BatchNorm behind it.

    The weight of the convolution alone is a parameter, and the norm keeps its buffers, so state dicts and training are
    those of the two; sums round differently. The norm becomes the identity.

    Args:
        conv: Without bias; its weight is shared.
        norm: The norm behind it.
    """

    def __init__(self, conv: nn.Conv2d, norm: FrozenBatchNorm2d):
        super().__init__(
            conv.in_channels,
            conv.out_channels,
            conv.kernel_size,
            conv.stride,
            conv.padding,
            conv.dilation,
            conv.groups,
            bias=False,
            padding_mode=conv.padding_mode,
            device='meta',
        )
        self.weight = conv.weight
        self._norm = (norm,)  # in a tuple: its place in the state dict is behind the convolution
        norm.is_folded = True

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` to `(N, C', H', W')`."""
        (norm,) = self._norm
        return self._conv_forward(x, self.weight * norm.scale[:, None], norm.shift.flatten())


def fold_frozen_norms(network: nn.Module) -> None:
    """Fold the frozen norms of a ResNet of mmdet into the convolutions before them.

    Saves a pass over each map in the backward pass, and on CPUs in the forward pass, too (CUDA adds a bias in a pass
    of its own), for a scaled copy of the weights. Of other networks it is not known what lies before a norm; they stay
    as they are.

    Args:
        network: The network, which is changed.
    """
    if not isinstance(network, ResNet):
        return
    for block in list(network.modules()):
        parts = list(block.named_children())  # in the order of their work
        for (name, conv), (_, norm) in itertools.pairwise(parts):
            if type(conv) is nn.Conv2d and conv.bias is None and isinstance(norm, FrozenBatchNorm2d):
                setattr(block, name, FoldedConv2d(conv, norm))
