import multiprocessing
import os
import shutil
import signal
import time

import numpy as np
import pytest

from mmstvg.datasets.index_cache import cached

PLAIN = {'pairs': [{'id': 0, 'sentence': 'ein Ölbild'}]}


def build():
    return PLAIN, {'boxes': np.arange(8, dtype=np.float32).reshape(2, 4)}


def never(*_):
    raise AssertionError('the cache was not used')


def test_second_time_from_the_file(tmp_path):
    path = str(tmp_path / 'cache' / 'a.npz')
    cached(path, {}, [], build)
    plain, arrays = cached(path, {}, [], never)
    assert plain == PLAIN
    assert np.array_equal(arrays['boxes'], build()[1]['boxes'])
    assert list(arrays) == ['boxes']


def test_other_options_build_again(tmp_path):
    path = str(tmp_path / 'a.npz')
    cached(path, {'option': 'old'}, [], lambda: ({'old': True}, {}))
    assert cached(path, {'option': 'new'}, [], build)[0] == PLAIN
    assert cached(path, {'option': 'new'}, [], never)[0] == PLAIN


@pytest.mark.parametrize('content', [b'', b'PK\x03\x04 half a file', b'{}'])
def test_damaged_cache_is_made_again(tmp_path, content):
    path = tmp_path / 'a.npz'
    path.write_bytes(content)
    assert cached(str(path), {}, [], build)[0] == PLAIN
    assert cached(str(path), {}, [], never)[0] == PLAIN


def test_code_in_the_cache_is_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / 'sprung'),)

    path = tmp_path / 'a.npz'
    np.savez(path, content=np.array([Trap()], dtype=object))
    assert cached(str(path), {}, [], build)[0] == PLAIN
    assert not (tmp_path / 'sprung').exists()


def test_no_cache_and_no_place_for_one(tmp_path):
    assert cached(None, {}, [], build)[0] == PLAIN
    (tmp_path / 'file').write_text('')
    assert cached(str(tmp_path / 'file' / 'a.npz'), {}, [], build)[0] == PLAIN


def test_error_of_the_builder_comes_through(tmp_path):
    def missing():
        raise FileNotFoundError('no boxes')

    with pytest.raises(FileNotFoundError, match='no boxes'):
        cached(str(tmp_path / 'a.npz'), {}, [], missing)


def test_content_of_the_sources_decides(tmp_path):
    path = str(tmp_path / 'cache' / 'a.npz')
    sources = [tmp_path / 'sentences.json', tmp_path / 'boxes.json']
    for source in sources:
        source.write_text('1')
    names = [str(source) for source in sources]
    for content in ('2', '22', '3'):
        for source in sources:
            cached(path, {}, names, lambda: ({'old': True}, {}))
            times = source.stat()
            source.write_text(content)
            os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
            assert cached(path, {}, names, build)[0] == PLAIN
    for source in sources:
        os.utime(source)
    assert cached(path, {}, names, never)[0] == PLAIN
    copies = shutil.copytree(tmp_path, tmp_path / 'elsewhere', ignore=shutil.ignore_patterns('*.lock'))
    moved = [str(copies / source.name) for source in sources]
    assert cached(str(copies / 'cache' / 'a.npz'), {}, moved, never)[0] == PLAIN


def test_unchanged_sources_are_not_read(tmp_path, monkeypatch):
    source = tmp_path / 'sentences.json'
    source.write_text('1')
    path = str(tmp_path / 'a.npz')
    cached(path, {}, [str(source)], build)
    monkeypatch.setattr('mmstvg.datasets.index_cache._content', never)
    assert cached(path, {}, [str(source)], never)[0] == PLAIN


def build_slowly(folder):
    (folder / f'built_by_{os.getpid()}').touch()
    time.sleep(0.2)
    return build()


def read(folder, results):
    plain, arrays = cached(str(folder / 'a.npz'), {}, [], lambda: build_slowly(folder))
    results.put((plain, arrays['boxes'].sum()))


def test_eight_processes_build_once(tmp_path):
    context = multiprocessing.get_context('fork')
    results = context.Queue()
    processes = [context.Process(target=read, args=(tmp_path, results)) for _ in range(8)]
    for process in processes:
        process.start()
    found = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert found == [(PLAIN, 28)] * 8
    assert len(list(tmp_path.glob('built_by_*'))) == 1
    assert not list(tmp_path.glob('*.tmp'))


def hang(ready):
    ready.set()
    time.sleep(60)


def hang_while_building(path, ready, patch):
    cached(path, {}, [], lambda: hang(ready))


def hang_while_writing(path, ready, patch):
    """Everything is written, but under another name yet."""
    patch.setattr('mmstvg.datasets.index_cache.publish_file', lambda unfinished, path: hang(ready))
    cached(path, {}, [], build)


def hang_in_half_a_file(path, ready, patch):
    def savez(file, **arrays):
        file.write(b'PK half')
        file.flush()
        hang(ready)

    patch.setattr(np, 'savez', savez)
    cached(path, {}, [], build)


@pytest.mark.parametrize('work', [hang_while_building, hang_while_writing, hang_in_half_a_file])
def test_killed_process_blocks_nobody(tmp_path, monkeypatch, work):
    path = str(tmp_path / 'a.npz')
    context = multiprocessing.get_context('fork')
    ready = context.Event()
    process = context.Process(target=work, args=(path, ready, monkeypatch))
    process.start()
    assert ready.wait(30)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert not os.path.exists(path)
    assert cached(path, {}, [], build)[0] == PLAIN
    assert cached(path, {}, [], never)[0] == PLAIN
