"""What MP4 files say about their own length."""

import os
import struct


def is_cut_short(path: str) -> bool:
    """Whether an MP4 file ends inside one of its outermost boxes, as after a broken upload."""
    size, place = os.path.getsize(path), 0
    with open(path, 'rb') as file:
        while place + 16 <= size:
            file.seek(place)
            length, _, long_length = struct.unpack('>I4sQ', file.read(16))
            if length == 0:  # a last box that reaches to the end, wherever that is
                return False
            # a header is 8 bytes long; a box that says less is nonsense, and must not stop the walk
            place += max(long_length if length == 1 else length, 8)
    return place > size
