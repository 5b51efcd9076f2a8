import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

sys.path.insert(0, str(Path(__file__).parent))

import stand_in  # noqa: E402, F401

from mmstvg.utils.config import load_config  # noqa: E402

TEXTS = [f'sentence {i}' for i in range(10)]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Five iterations an epoch, four epochs, in a folder of its own."""
    (tmp_path / 'items.txt').write_text('\n'.join(TEXTS))
    places = ('train_dataloader', 'val_dataloader', 'test_dataloader')
    options = {f'{place}.dataset.ann_file': str(tmp_path / 'items.txt') for place in places}
    return load_config(Path(__file__).parent / 'stand_in_config.py', dict(options, work_dir=str(tmp_path / 'run')))


@pytest.fixture
def make_runner(config: Config, request: pytest.FixtureRequest) -> Callable[..., Runner]:
    """A Runner of the config with some keys changed; each is its own experiment."""
    numbers = iter(range(100))

    def make(**options) -> Runner:
        cfg = config.copy()
        cfg.merge_from_dict({key.replace('__', '.'): value for key, value in options.items()})
        cfg.experiment_name = f'{request.node.name}_{next(numbers)}'
        cfg.log_level = 'WARNING'
        return Runner.from_cfg(cfg)

    return make
