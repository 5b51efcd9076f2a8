import pytest

from mmstvg.utils.atomic_file import whole_file, write_text_atomically


def test_file_appears_whole_in_a_new_folder(tmp_path):
    path = tmp_path / 'new/a b.txt'
    with whole_file(path) as part:
        part.write_text('whole')
        assert part.suffix == '.txt'
        assert not path.exists()
    assert [file.name for file in path.parent.iterdir()] == ['a b.txt']
    assert path.read_text() == 'whole'


def test_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / 'file.json'
    write_text_atomically(path, 'ältere Grüße')
    with pytest.raises(RuntimeError), whole_file(path) as part:
        part.write_text('half')
        raise RuntimeError
    assert [file.name for file in tmp_path.iterdir()] == ['file.json']
    assert path.read_text(encoding='utf-8') == 'ältere Grüße'


def test_several_may_write_a_shared_file(tmp_path):
    path = tmp_path / 'file.bin'
    with whole_file(path, shared=True) as one, whole_file(path, shared=True) as other:
        one.write_text('one')
        other.write_text('other')
    assert [file.name for file in tmp_path.iterdir()] == ['file.bin']
    assert path.read_text() == 'one'
    (tmp_path / 'plain').touch()
    assert path.stat().st_mode == (tmp_path / 'plain').stat().st_mode  # so whoever shares the folder can read it
