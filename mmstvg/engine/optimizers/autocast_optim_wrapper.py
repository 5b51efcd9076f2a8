from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.device import get_device
from mmengine.optim import OptimWrapper
from torch import nn
from torch.optim import Optimizer

from mmstvg.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(OptimWrapper):
    """Training under `torch.autocast` in bfloat16, on a GPU or on the CPU.

    bfloat16 has the range of float32, so no loss has to be scaled. For float16 take MMEngine's `AmpOptimWrapper`, which
    scales and refuses to run on the CPU.

    Args:
        optimizer: The optimizer.
        accumulative_counts: Batches whose gradients are added up for one update.
        clip_grad: Options of `torch.nn.utils.clip_grad_norm_`.
    """

    def __init__(self, optimizer: Optimizer, accumulative_counts: int = 1, clip_grad: dict | None = None):
        super().__init__(optimizer, accumulative_counts=accumulative_counts, clip_grad=clip_grad)

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """The forward pass runs inside."""
        with super().optim_context(model), torch.autocast(get_device(), dtype=torch.bfloat16):
            yield
