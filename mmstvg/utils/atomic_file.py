"""Files that are there whole or not at all."""

import os
from pathlib import Path


def publish_file(part: str | Path, final: str | Path) -> None:
    """Give a fully written file its name in one step, after its bytes have reached the disk.

    Whoever is killed before leaves an older `final` as it was; whoever is killed after has the new one.

    Args:
        part: The written file, in the same folder as `final`.
        final: Its name from now on; an older file of this name is replaced.

    Raises:
        OSError: The bytes did not reach the disk, say because it is full.
    """
    _sync(part, os.O_RDONLY)
    os.replace(part, final)
    _sync(Path(final).parent, os.O_RDONLY | getattr(os, 'O_DIRECTORY', 0))


def write_text_atomically(path: str | Path, text: str) -> None:
    """Write a small text file so that a reader finds the old or the new text, never a part of it."""
    part = Path(f'{path}.part')
    part.write_text(text)
    publish_file(part, path)


def _sync(path: str | Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
