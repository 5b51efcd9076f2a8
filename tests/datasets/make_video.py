"""Small video files of every kind, with frames that are known."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from make_clip import make_clip

# Several groups of pictures with B-frames that refer to each other.
GROUPS_OF_20 = {'x264-params': 'bframes=3:b-pyramid=normal:keyint=20:min-keyint=20:scenecut=0:log-level=none'}


def write_video(
    path: Path,
    frames: int = 50,
    width: int = 96,
    height: int = 64,
    codec: str = 'libx264',
    pixels: str = 'yuv420p',
    options: dict | None = None,
    times: np.ndarray | None = None,
    rate: int = 25,
    container: dict | None = None,
):
    """Write a random clip. `times` are the frames' times in milliseconds, by default those of a constant rate."""
    clip = make_clip(frames, frames, width, height)
    tick = Fraction(1, rate) if times is None else Fraction(1, 1000)
    with av.open(str(path), 'w', options=container or {}) as file:
        stream = file.add_stream(codec, rate=rate, options=GROUPS_OF_20 if options is None else options)
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.codec_context.time_base = tick
        for i, picture in enumerate(clip):
            frame = av.VideoFrame.from_ndarray(picture, format='rgb24')
            frame.pts, frame.time_base = (i if times is None else int(times[i])), tick
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def write_sound(path: Path):
    """A file without a picture."""
    with av.open(str(path), 'w') as file:
        stream = file.add_stream('aac', rate=44100)
        for i in range(10):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format='fltp', layout='mono')
            frame.sample_rate, frame.pts = 44100, i * 1024
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def rotate(source: Path, target: Path, degrees: int):
    """A copy of an mp4 file whose header asks to turn the picture clockwise."""
    matrix = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[degrees]
    a, b, c, d = (value << 16 for value in matrix)
    content = bytearray(source.read_bytes())
    place = content.index(b'tkhd') + 44
    content[place : place + 36] = struct.pack('>9i', a, b, 0, c, d, 0, 0, 0, 1 << 30)
    target.write_bytes(content)


def copy_packets(source: Path, target: Path, first: int, shift: int = 0):
    """Copy the packets from number `first` on, as a cut without encoding does; `shift` moves them before time 0."""
    with av.open(str(source)) as old, av.open(str(target), 'w') as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        start = None
        for number, packet in enumerate(old.demux(video=0)):
            if packet.dts is None or number < first:
                continue
            start = packet.dts if start is None else start
            packet.pts, packet.dts = packet.pts - start - shift, packet.dts - start - shift
            packet.stream = stream
            new.mux(packet)


def decode_all(path: Path) -> np.ndarray:
    """All frames as PyAV decodes them one after the other, turned to display orientation."""
    frames = []
    with av.open(str(path)) as file:
        for frame in file.decode(video=0):
            frames.append(np.rot90(frame.to_ndarray(format='rgb24'), round(frame.rotation / 90)))
    return np.stack(frames)
