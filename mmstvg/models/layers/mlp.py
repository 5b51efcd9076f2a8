"""Small perceptrons."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MLP(nn.Module):
    """Linear layers with ReLU between them and an optional dropout behind each, the last included.

    Args:
        widths: Channels from the input to the output: `(256, 256, 4)` has two layers.
        dropout: Dropout behind every layer (after the ReLU where there is one).
    """

    def __init__(self, widths: tuple[int, ...], dropout: float = 0.0):
        super().__init__()
        pairs = zip(widths[:-1], widths[1:], strict=True)
        self.layers = nn.ModuleList(nn.Linear(n_in, n_out) for n_in, n_out in pairs)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """`(…, widths[0])` to `(…, widths[-1])`."""
        for i, layer in enumerate(self.layers):
            x = layer(x) if i == len(self.layers) - 1 else F.relu(layer(x))
            x = self.dropout(x)
        return x


class TopMLP(MLP):
    """An `MLP` whose outputs are answers before their sigmoid or softmax: in float32 under autocast, too.

    A frame has one, so that costs nothing, while bfloat16 rounds a coordinate to 8 bits; in gradients of the spatial
    decoder of the toy model that was four fifths of what bfloat16 changed.
    """

    def forward(self, x: Tensor) -> Tensor:
        """`(…, widths[0])` to float32 `(…, widths[-1])`."""
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.float())


class FeedForward(nn.Module):
    """The feed-forward part of a post-norm transformer layer: two linear layers, residual, LayerNorm.

    Args:
        embed_dims: Channels in and out.
        hidden_dims: Channels between.
        dropout: Dropout behind the ReLU and behind the second layer.
    """

    def __init__(self, embed_dims: int, hidden_dims: int, dropout: float):
        super().__init__()
        self.linear1 = nn.Linear(embed_dims, hidden_dims)
        self.linear2 = nn.Linear(hidden_dims, embed_dims)
        self.norm = nn.LayerNorm(embed_dims)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """`(…, D)` to `(…, D)`."""
        # The same as ReLU, then dropout, which keeps one map more.
        hidden = F.relu(self.dropout(self.linear1(x)), inplace=True)
        return self.norm(x + self.dropout(self.linear2(hidden)))


def init_xavier(module: nn.Module) -> None:
    """Xavier-uniform for every matrix of `module`, as encoder and decoders start; vectors stay as they are."""
    for parameter in module.parameters():
        if parameter.dim() > 1:
            nn.init.xavier_uniform_(parameter)
