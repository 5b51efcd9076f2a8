from pathlib import Path

import pytest


@pytest.fixture
def data_dir() -> Path:
    """The folder of recorded cases."""
    return Path(__file__).parents[1] / 'data'
