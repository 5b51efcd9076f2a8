"""Where tests of the model run: the CPU, and with `make test-cuda` a GPU."""

import pytest
import torch

CUDA = pytest.param(
    'cuda', marks=[pytest.mark.cuda, pytest.mark.skipif(not torch.cuda.is_available(), reason='no GPU')]
)
DEVICES = ['cpu', CUDA]
