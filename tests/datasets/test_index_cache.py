import multiprocessing
import os
import signal
import time

import numpy as np
import pytest

from mmstvg.datasets.index_cache import cached, fingerprint

PLAIN = {'pairs': [{'id': 0, 'sentence': 'ein Ölbild'}]}


def build():
    return PLAIN, {'boxes': np.arange(8, dtype=np.float32).reshape(2, 4)}


def never():
    raise AssertionError('the cache was not used')


def test_second_time_from_the_file(tmp_path):
    path = str(tmp_path / 'cache' / 'a.npz')
    cached(path, 'key', build)
    plain, arrays = cached(path, 'key', never)
    assert plain == PLAIN
    assert np.array_equal(arrays['boxes'], build()[1]['boxes'])
    assert list(arrays) == ['boxes']


def test_another_key_builds_again(tmp_path):
    path = str(tmp_path / 'a.npz')
    cached(path, 'old', lambda: ({'old': True}, {}))
    assert cached(path, 'new', build)[0] == PLAIN
    assert cached(path, 'new', never)[0] == PLAIN


@pytest.mark.parametrize('content', [b'', b'PK\x03\x04 half a file', b'{}'])
def test_damaged_cache_is_made_again(tmp_path, content):
    path = tmp_path / 'a.npz'
    path.write_bytes(content)
    assert cached(str(path), 'key', build)[0] == PLAIN
    assert cached(str(path), 'key', never)[0] == PLAIN


def test_code_in_the_cache_is_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / 'sprung'),)

    path = tmp_path / 'a.npz'
    np.savez(path, content=np.array([Trap()], dtype=object))
    assert cached(str(path), 'key', build)[0] == PLAIN
    assert not (tmp_path / 'sprung').exists()


def test_no_cache_and_no_place_for_one(tmp_path):
    assert cached(None, 'key', build)[0] == PLAIN
    (tmp_path / 'file').write_text('')
    assert cached(str(tmp_path / 'file' / 'a.npz'), 'key', build)[0] == PLAIN


def test_error_of_the_builder_comes_through(tmp_path):
    def missing():
        raise FileNotFoundError('no boxes')

    with pytest.raises(FileNotFoundError, match='no boxes'):
        cached(str(tmp_path / 'a.npz'), 'key', missing)


def test_fingerprint(tmp_path):
    sentences, boxes = tmp_path / 'sentences.json', tmp_path / 'boxes.json'
    sentences.write_text('1')
    boxes.write_text('1')

    def current(**options):
        return fingerprint(options, [str(sentences)], [str(boxes)])

    keys = [current(), current(a=1)]
    assert current(a=1) == keys[1]
    sentences.write_text('2')
    keys.append(current())
    boxes.write_text('2')
    keys.append(current())
    assert len(set(keys)) == 4


def build_slowly(folder):
    (folder / f'built_by_{os.getpid()}').touch()
    time.sleep(0.2)
    return build()


def read(folder, results):
    plain, arrays = cached(str(folder / 'a.npz'), 'key', lambda: build_slowly(folder))
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
    cached(path, 'key', lambda: hang(ready))


def hang_while_writing(path, ready, patch):
    """Everything is written, but under another name yet."""
    patch.setattr('mmstvg.datasets.index_cache.publish_file', lambda unfinished, path: hang(ready))
    cached(path, 'key', build)


def hang_in_half_a_file(path, ready, patch):
    def savez(file, **arrays):
        file.write(b'PK half')
        file.flush()
        hang(ready)

    patch.setattr(np, 'savez', savez)
    cached(path, 'key', build)


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
    assert cached(path, 'key', build)[0] == PLAIN
    assert cached(path, 'key', never)[0] == PLAIN
