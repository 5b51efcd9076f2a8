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

Build = Callable[[], tuple[dict, dict]]

_CHUNK = 1 << 24


def cached(path: str | None, options: dict, sources: Sequence[str], build: Build) -> tuple[dict, dict]:
    """What `build` returns, from the cache if it was made of the same sources with the same options.

    The content of the sources decides. They are read again only where their name, size or times say that they may have
    changed, so a start with thousands of unchanged files is quick.

    The file holds JSON and plain arrays, nothing that runs code when it is read. It appears under its name only when it
    is complete, and one process builds while the others wait; a killed one leaves no lock behind. Where the folder
    cannot be written, `build` is called every time and a warning says so.

    Args:
        path: The cache, an `.npz` file; None for no cache.
        options: What else the result depends on, plain data for JSON.
        sources: The files that `build` reads.
        build: Makes `(plain, arrays)`: data for JSON and arrays by name.
    """
    if path is None:
        return build()
    stamp = _digest(options, sources, _state)
    found = _load(path)
    if found is not None and found['stamp'] == stamp:
        return found['plain'], found['arrays']
    with _lock(path):
        found = _load(path)  # another process may have been faster
        if found is not None and found['stamp'] == stamp:
            return found['plain'], found['arrays']
        key = _digest(options, sources, _content)
        plain, arrays = build() if found is None or found['key'] != key else (found['plain'], found['arrays'])
        _save(path, {'stamp': stamp, 'key': key, 'plain': plain}, arrays)
    return plain, arrays


def _digest(options: dict, sources: Sequence[str], look: Callable[[str], bytes]) -> str:
    digest = hashlib.blake2b(json.dumps(options, sort_keys=True).encode(), digest_size=16)
    for source in sources:
        digest.update(look(source))
    return digest.hexdigest()


def _state(path: str) -> bytes:
    stat = os.stat(path)
    return f'{os.path.abspath(path)}:{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}\n'.encode()


def _content(path: str) -> bytes:
    digest = hashlib.blake2b(os.path.basename(path).encode())
    with open(path, 'rb') as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.digest()


def _load(path: str) -> dict | None:
    if not os.path.isfile(path):
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        content = json.loads(arrays.pop('content').tobytes())
        return {'arrays': arrays, **{name: content[name] for name in ('stamp', 'key', 'plain')}}
    except Exception as error:  # whatever is wrong with the file, it can be made again
        print_log(f'The index cache {path} cannot be read ({error}); it is made again.', 'current', logging.WARNING)
        return None


def _save(path: str, content: dict, arrays: dict):
    unfinished = f'{path}.{os.getpid()}.tmp'
    packed = np.frombuffer(json.dumps(content).encode(), dtype=np.uint8)
    try:
        with open(unfinished, 'wb') as file:
            np.savez(file, content=packed, **arrays)
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
