"""Where tests of the model run: the CPU, and with `make test-cuda` a GPU."""

import pytest

DEVICES = ['cpu', pytest.param('cuda', marks=pytest.mark.cuda)]
