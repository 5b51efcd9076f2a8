"""Files that are there whole or not at all."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def whole_file(path: str | Path, shared: bool = False) -> Iterator[Path]:
    """In a `with` block: write a file so that a reader finds the old or the new one, never a part.

    Args:
        path: The file; its folder is made where needed.
        shared: Whether several processes, of several nodes even, may write the file at the same time; the last one
            wins. One that is killed then leaves its part behind, which otherwise the next writer replaces.

    Yields:
        Where to write meanwhile, a name with the same suffix. It becomes `path` at the end of the block, and vanishes
        if that raises.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    own = f'.{uuid.uuid4().hex}' if shared else ''  # the numbers of processes may be equal on several nodes
    part = path.with_name(f'{path.stem}{own}.part{path.suffix}')
    try:
        yield part
        publish_file(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_text_atomically(path: str | Path, text: str) -> None:
    """Write a small text file, UTF-8, whole or not at all; its folder is made where needed."""
    with whole_file(path) as part:
        part.write_text(text, encoding='utf-8')


def _sync(path: str | Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
