import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

sys.path.insert(0, str(Path(__file__).parent))

from stand_in_runner import build_runner  # noqa: E402


@pytest.fixture
def make_runner(tmp_path: Path) -> Callable[..., Runner]:
    """`build_runner` in a folder of the test's own."""
    return lambda **options: build_runner(tmp_path, **options)


@pytest.fixture(scope='module', autouse=True)
def _quick_runners() -> Iterator[None]:
    """Pretty-printing the config and describing the machine would take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Config, 'pretty_text', property(str))
        patch.setattr('mmengine.runner.runner.collect_env', dict)
        yield
