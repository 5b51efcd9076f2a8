"""Which checkpoint a stopped run goes on from."""

import logging
import zipfile
from pathlib import Path

from mmengine.logging import print_log

POINTER = 'last_checkpoint'  # MMEngine's name for the file that names the newest checkpoint


def find_checkpoint_to_resume(work_dir: str | Path) -> str | None:
    """The newest whole checkpoint of a run.

    Args:
        work_dir: Folder of the run.

    Returns:
        Its path; None where no run has written any.

    Raises:
        FileNotFoundError: The run has written checkpoints, but none of them is there and whole.
    """
    work_dir = Path(work_dir)
    pointer = work_dir / POINTER
    if not pointer.is_file():
        return None
    named = Path(pointer.read_text().strip())
    by_age = sorted(work_dir.glob('*.pth'), key=lambda path: path.stat().st_mtime, reverse=True)
    resumable = [path for path in by_age if not path.name.startswith('best_')]  # the best have no optimizer state
    for path in [named, work_dir / named.name, *resumable]:  # the second, where the folder was moved
        if zipfile.is_zipfile(path):  # the list of contents stands at the end of the file
            if path.name != named.name:
                print_log(f'{named} is missing or damaged; resuming from {path}.', 'current', logging.WARNING)
            return str(path)
    raise FileNotFoundError(
        f'{pointer} names {named}, but neither it nor another checkpoint in {work_dir} is there and whole. '
        'Give --resume the path of one, or start without --resume.'
    )
