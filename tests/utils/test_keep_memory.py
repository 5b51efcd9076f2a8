"""Freed blocks stay with the process."""

import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import torch
from mmstvg.utils.keep_memory import keep_freed_memory

if sys.argv[1] == 'keep':
    assert keep_freed_memory()
for _ in range(20):  # an aligned block does not fit where the one before was, until two such places lie side by side
    torch.empty(25_000_000).fill_(1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    torch.empty(25_000_000).fill_(1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(mode: str) -> int:
    answer = subprocess.run([sys.executable, '-c', FAULTS, mode], capture_output=True, text=True, check=True)
    return int(answer.stdout)


@pytest.mark.skipif(sys.platform != 'linux', reason='a setting of glibc')
def test_keeps_big_blocks():
    assert faults('keep') < 100
    assert faults('leave') > 200  # 100 MB each: 24,000 pages, or 48 huge ones
