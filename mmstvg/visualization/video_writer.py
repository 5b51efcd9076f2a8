"""Writing mp4 files that browsers play."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from mmstvg.utils.atomic_file import whole_file


def write_video(path: str | Path, frames: Iterable[np.ndarray], fps: float, crf: int = 20) -> int:
    """Write an mp4 file, one frame in memory at a time.

    H.264 (yuv420p, index in front) through PyAV where that brings libx264, else MPEG-4 through OpenCV, which browsers
    do not play. Odd sizes grow by one pixel that repeats the edge, since yuv420p has even sizes only. The file appears
    under its name when it is complete. The same frames give the same bytes.

    Args:
        path: Ends in `.mp4`; missing folders are made.
        frames: RGB uint8 `(H, W, 3)`, all of one size.
        fps: Frames a second.
        crf: Quality of H.264, 0 (lossless) to 51 (worst).

    Returns:
        The number of frames written.

    Raises:
        ValueError: There are no frames, sizes differ, `fps` is not positive, or the name does not end in `.mp4`.
        OSError: The encoder cannot write the file.
    """
    path = Path(path)
    if path.suffix.lower() != '.mp4':
        raise ValueError(f'Videos are written as .mp4, got {path}.')
    if not fps > 0:
        raise ValueError(f'fps must be positive, got {fps} for {path}.')
    write = _write_h264 if has_h264() else _write_mpeg4
    with whole_file(path) as part:
        count = write(part, _even_frames(frames, path), fps, crf)
        if count == 0:
            raise ValueError(f'There are no frames to write into {path}.')
    return count


def has_h264() -> bool:
    """Whether PyAV brings libx264."""
    return 'libx264' in av.codecs_available


def _even_frames(frames: Iterable[np.ndarray], path: Path) -> Iterator[np.ndarray]:
    shape = None
    for index, frame in enumerate(frames):
        shape = shape or frame.shape
        if frame.shape != shape or frame.ndim != 3 or frame.dtype != np.uint8:
            found = f'{frame.dtype} {frame.shape}'
            raise ValueError(f'Frame {index} of {path} is {found}; all must be uint8 and of one shape, {shape}.')
        odd = [(0, shape[0] % 2), (0, shape[1] % 2), (0, 0)]
        yield np.pad(frame, odd, mode='edge') if shape[0] % 2 or shape[1] % 2 else frame


def _write_h264(path: Path, frames: Iterator[np.ndarray], fps: float, crf: int) -> int:
    stream, count = None, 0
    with av.open(str(path), 'w', options={'movflags': '+faststart'}) as container:
        for frame in frames:
            if stream is None:
                stream = container.add_stream('libx264', rate=Fraction(fps).limit_denominator(1001))
                stream.height, stream.width = frame.shape[:2]
                stream.pix_fmt = 'yuv420p'
                stream.options = {'crf': str(crf), 'threads': '1', 'preset': 'veryfast'}
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format='rgb24')))
            count += 1
        if stream is not None:
            container.mux(stream.encode())
    return count


def _write_mpeg4(path: Path, frames: Iterator[np.ndarray], fps: float, crf: int) -> int:
    writer, count = None, 0
    for frame in frames:
        if writer is None:
            writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'mp4v'), fps, frame.shape[1::-1])
            if not writer.isOpened():
                raise OSError(f'OpenCV cannot write {path}; install a PyAV that brings libx264 (pip install av).')
        writer.write(frame[..., ::-1])
        count += 1
    if writer is not None:
        writer.release()
    return count
