"""A list of items on disk, so that slow annotation files are parsed once."""

import contextlib
import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from mmengine.logging import print_log

from mmstvg.utils.atomic_file import publish_file

try:
    import fcntl
except ImportError:  # not a POSIX system: processes that start together then all parse
    fcntl = None  # type: ignore[assignment]

_CHUNK = 1 << 24


def fingerprint(options: dict, files: Sequence[str], listed_files: Sequence[str] = ()) -> str:
    """A name that changes when sources or options do.

    Args:
        options: Plain data for JSON.
        files: Files whose content counts.
        listed_files: Files too many to read again: their names, sizes and times of change count.
    """
    digest = hashlib.blake2b(json.dumps(options, sort_keys=True).encode(), digest_size=16)
    for path in files:
        with open(path, 'rb') as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    for path in listed_files:
        stat = os.stat(path)
        digest.update(f'{path}:{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}\n'.encode())
    return digest.hexdigest()


def cached(path: str | None, key: str, build: Callable[[], tuple[dict, dict]]) -> tuple[dict, dict]:
    """What `build` returns, from the cache if it is there under the same key.

    The file holds JSON and plain arrays, nothing that runs code when it is read. It appears under its name only when it
    is complete, and one process builds while the others wait; a killed one leaves no lock behind. Where the folder
    cannot be written, `build` is called every time and a warning says so.

    Args:
        path: The cache, an `.npz` file; None for no cache.
        key: See `fingerprint`.
        build: Makes `(plain, arrays)`: data for JSON and arrays by name.
    """
    if path is None:
        return build()
    found = _load(path, key)
    if found is not None:
        return found
    with _lock(path):
        found = _load(path, key)  # another process may have been faster
        if found is None:
            found = build()
            _save(path, key, *found)
    return found


def _load(path: str, key: str) -> tuple[dict, dict] | None:
    if not os.path.isfile(path):
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        content = json.loads(arrays.pop('content').tobytes())
        return (content['plain'], arrays) if content['key'] == key else None
    except Exception as error:  # whatever is wrong with the file, it can be made again
        print_log(f'The index cache {path} cannot be read ({error}); it is made again.', 'current', logging.WARNING)
        return None


def _save(path: str, key: str, plain: dict, arrays: dict):
    unfinished = f'{path}.{os.getpid()}.tmp'
    content = np.frombuffer(json.dumps({'key': key, 'plain': plain}).encode(), dtype=np.uint8)
    try:
        with open(unfinished, 'wb') as file:
            np.savez(file, content=content, **arrays)
        publish_file(unfinished, path)
    except OSError as error:
        print_log(f'No index cache {path} ({error}); every start parses the annotation.', 'current', logging.WARNING)
    finally:
        with contextlib.suppress(OSError):
            os.remove(unfinished)


@contextlib.contextmanager
def _lock(path: str) -> Iterator[None]:
    """Hold a file lock, which the system releases when the process ends, however it ends."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        file = open(f'{path}.lock', 'a')  # noqa: SIM115
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
    except OSError:  # read-only, or a file system without locks: go on without
        yield
        return
    with file:
        yield
