"""Memory of this process and those that it started."""

import gc
import multiprocessing
import os
from pathlib import Path


def resident_bytes() -> int:
    """Bytes of memory that this process and its workers have for themselves."""
    gc.collect()
    return sum(map(_own_bytes, ['self', *(child.pid for child in multiprocessing.active_children())]))


def _own_bytes(pid: int | str) -> int:
    pages, shared = Path(f'/proc/{pid}/statm').read_text().split()[1:3]
    return (int(pages) - int(shared)) * os.sysconf('SC_PAGE_SIZE')
