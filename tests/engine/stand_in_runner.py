"""A Runner that trains in a second, with the real loop, hooks, optimizer and schedules."""

from itertools import count
from pathlib import Path

import stand_in  # noqa: F401, registers its classes
from mmengine.runner import Runner

from mmstvg.utils.config import load_config

CONFIG = Path(__file__).parent / 'stand_in_config.py'
EXPERIMENTS = count()  # MMEngine keeps loggers and histories by the name of the experiment


def build_runner(folder: Path, **options) -> Runner:
    """A Runner of stand_in_config.py with some keys changed (`__` for dots): 5 iterations an epoch, 4 epochs."""
    (folder / 'items.txt').write_text('\n'.join(f'sentence {i}' for i in range(10)))
    places = ('train_dataloader', 'val_dataloader', 'test_dataloader')
    files = {f'{place}.dataset.ann_file': str(folder / 'items.txt') for place in places}
    changes = {key.replace('__', '.'): value for key, value in options.items()}
    names = dict(work_dir=str(folder / 'run'), log_level='WARNING', experiment_name=f'test_{next(EXPERIMENTS)}')
    return Runner.from_cfg(load_config(CONFIG, {**files, **names, **changes}))
