import os

import pytest
import torch

from mmstvg.utils.resume import find_checkpoint_to_resume


@pytest.fixture
def folder(tmp_path):
    for age, name in enumerate(['mid_epoch.pth', 'best_m_vIoU_epoch_1.pth', 'epoch_2.pth', 'epoch_1.pth']):
        torch.save(dict(a=torch.ones(100)), tmp_path / name)
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'epoch_2.pth'))
    return tmp_path


def halve(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_the_named_one(folder):
    assert find_checkpoint_to_resume(folder) == str(folder / 'epoch_2.pth')


def test_of_a_moved_folder(folder):
    (folder / 'last_checkpoint').write_text('/elsewhere/epoch_1.pth')
    assert find_checkpoint_to_resume(folder) == str(folder / 'epoch_1.pth')


def test_the_newest_whole_one_where_the_named_one_is_damaged(folder):
    halve(folder / 'epoch_2.pth')
    assert find_checkpoint_to_resume(folder) == str(folder / 'mid_epoch.pth')
    halve(folder / 'mid_epoch.pth')
    assert find_checkpoint_to_resume(folder) == str(folder / 'epoch_1.pth')  # the best has no optimizer state


def test_none_is_whole(folder):
    for name in ('epoch_1.pth', 'epoch_2.pth', 'mid_epoch.pth'):
        halve(folder / name)
    with pytest.raises(FileNotFoundError, match=r'last_checkpoint names .*epoch_2\.pth, but neither it nor another'):
        find_checkpoint_to_resume(folder)


def test_nothing_was_saved(tmp_path):
    assert find_checkpoint_to_resume(tmp_path) is None
    assert find_checkpoint_to_resume(tmp_path / 'absent') is None
