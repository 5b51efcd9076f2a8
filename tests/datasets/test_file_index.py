from mmstvg.datasets.file_index import index_files


def test_flat_and_tree(tmp_path):
    for name in ('b.mp4', 'a/b.mp4', 'a/c.MKV', 'z/c.mp4', 'a/notes.txt'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = index_files(str(tmp_path), ('.mp4', '.mkv'))
    assert found == {'b': str(tmp_path / 'b.mp4'), 'c': str(tmp_path / 'a' / 'c.MKV')}
    assert index_files(str(tmp_path / 'nowhere'), ('.mp4',)) == {}


def test_links_in_circles(tmp_path):
    (tmp_path / 'videos').mkdir()
    (tmp_path / 'videos' / 'a.mp4').touch()
    for name in ('one', 'two', 'three'):
        (tmp_path / name).symlink_to(tmp_path)
    (tmp_path / 'videos' / 'up').symlink_to(tmp_path)
    assert list(index_files(str(tmp_path), ('.mp4',))) == ['a']
