"""For all tests: one thread, no GPU, the same random numbers, and where the recorded cases are."""

import os

os.environ.setdefault('OMP_NUM_THREADS', '1')  # before torch is imported; also for the processes that tests start
if 'TEST_CUDA' not in os.environ:  # `make test-cuda`; all other tests are the same with and without a GPU
    os.environ['CUDA_VISIBLE_DEVICES'] = ''

import random  # noqa: E402
import signal  # noqa: E402
from collections.abc import Iterator  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import pytest  # noqa: E402
import torch  # noqa: E402
from mmengine.registry import DefaultScope  # noqa: E402

torch.set_num_threads(1)
torch.backends.cudnn.allow_tf32 = False  # as on the CPU


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker('cuda') and not torch.cuda.is_available():
        pytest.skip('no GPU')


@pytest.fixture(autouse=True)
def _same_random_numbers() -> None:
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _own_signals() -> Iterator[None]:
    """A training that ends in an error leaves its signal handlers behind."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def data_dir() -> Path:
    """The folder of recorded cases."""
    return Path(__file__).parent / 'data'


@pytest.fixture
def mmstvg_scope() -> Iterator[None]:
    """Names in configs are looked up in mmstvg, as in a config with `default_scope = 'mmstvg'`."""
    with DefaultScope.overwrite_default_scope('mmstvg'):
        yield
