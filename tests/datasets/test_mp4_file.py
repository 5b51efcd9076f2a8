import struct

import pytest

from mmstvg.datasets.mp4_file import is_cut_short


def box(length: int, kind: bytes = b'free', body: bytes = b'', long_length: int | None = None) -> bytes:
    return struct.pack('>I4s', length, kind) + (b'' if long_length is None else struct.pack('>Q', long_length)) + body


@pytest.mark.parametrize(
    'content, cut',
    [
        (box(24, body=bytes(16)) * 2, False),
        (box(24, body=bytes(16)) + box(40, b'mdat', bytes(16)), True),
        (box(1, b'mdat', bytes(16), long_length=32), False),
        (box(1, b'mdat', bytes(16), long_length=2**40), True),
        (box(0, b'mdat', bytes(16)), False),  # reaches to the end of the file
    ],
)
def test_outermost_boxes(tmp_path, content, cut):
    path = tmp_path / 'video.mp4'
    path.write_bytes(content)
    assert is_cut_short(str(path)) == cut


@pytest.mark.timeout(10)
@pytest.mark.parametrize('lengths', [(1, 0), (1, 7), (3, 0)])
def test_lengths_that_lead_nowhere_end(tmp_path, lengths):
    length, long_length = lengths
    path = tmp_path / 'video.mp4'
    path.write_bytes(box(length, long_length=long_length, body=bytes(64)))
    assert not is_cut_short(str(path))
