"""Which videos a reader that only counts packets, such as decord, gets right."""

import av

_SMALLEST_WIDTH = 96  # decord takes the padding of narrower rows for more channels
_IDR = 5  # NAL unit type of an H.264 key frame before which nothing has to be known


def has_simple_stream(container: av.container.InputContainer, stream: av.VideoStream) -> bool:
    """H.264 in MP4 or Matroska, with a known duration."""
    in_common_container = container.format.name in ('mov,mp4,m4a,3gp,3g2,mj2', 'matroska,webm')
    has_duration = bool(stream.duration or container.duration)
    return stream.codec_context.name == 'h264' and in_common_container and has_duration


def has_simple_frame(frame: av.VideoFrame) -> bool:
    """Upright, progressive, 8 bits, even sides, not narrow."""
    is_even = frame.width % 2 == 0 and frame.height % 2 == 0
    is_8_bit = frame.format.name in ('yuv420p', 'yuvj420p')
    return (
        frame.width >= _SMALLEST_WIDTH and is_even and is_8_bit and frame.rotation == 0 and not frame.interlaced_frame
    )


def is_idr(packet: bytes, extradata: bytes | None) -> bool:
    """Whether an H.264 packet of an MP4 or Matroska file is a key frame that forgets all before it."""
    length_size = (extradata[4] & 3) + 1 if extradata and len(extradata) > 4 else 4
    start = 0
    while start + length_size < len(packet):
        if packet[start + length_size] & 31 == _IDR:
            return True
        start += length_size + int.from_bytes(packet[start : start + length_size], 'big')
    return False
