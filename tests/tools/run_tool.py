"""Running the tools of training as a user does, on the stand-ins of tests/engine."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
STAND_INS = ROOT / 'tests' / 'engine'
CONFIG = STAND_INS / 'stand_in_config.py'
PATHS = os.pathsep.join([str(STAND_INS), str(ROOT / 'tests')])
ENVIRONMENT = {**os.environ, 'PYTHONPATH': PATHS, 'PYTHON': sys.executable, 'PYTHONUNBUFFERED': '1'}


def options_of(folder: Path, items: int = 10, **changes) -> list[str]:
    """`--cfg-options` for the stand-in config: as many items, and the keys to change (`__` for dots)."""
    (folder / 'items.txt').write_text('\n'.join(f'sentence {i}' for i in range(items)))
    places = ('train_dataloader', 'val_dataloader', 'test_dataloader')
    values = {f'{place}.dataset.ann_file': folder / 'items.txt' for place in places}
    values.update({key.replace('__', '.'): value for key, value in changes.items()})
    return ['--cfg-options', *(f'{key}={value}' for key, value in values.items())]


def start(*command: str | Path) -> subprocess.Popen:
    """Start a program in a process group of its own, its output as one stream of lines."""
    return subprocess.Popen(
        [str(word) for word in command],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run(*command: str | Path, status: int = 0) -> str:
    """Run a program to its end; its output."""
    process = start(*command)
    output = process.communicate(timeout=400)[0]
    assert process.returncode == status, output
    return output


def signal_at(process: subprocess.Popen, text: str, number: int) -> str:
    """Send a signal to all processes of the group once a line has this text; the rest of the output."""
    for line in process.stdout:
        if text in line:
            os.killpg(process.pid, number)
            return process.communicate(timeout=300)[0]
    raise AssertionError(f'no line with {text}')
