"""Time and memory of reading some frames of a video, beside decoding all of it.

    python tools/analysis_tools/benchmark_reading.py --out reading.json
    python tools/analysis_tools/benchmark_reading.py VIDEO --frames 64 --height 420

Without a VIDEO it makes two of 20 seconds of 1280x720 pixels at 30 frames a second, with a key frame every 250 and
every 24 frames. Reading opens the file, decodes the frames and resizes each as it comes, as a data worker does.

"Decode everything" is the usual way of research code: ffmpeg (where there is none, PyAV in a process of its own) writes
all frames as RGB into a pipe, `subprocess.run(capture_output=True)` collects them, and the wanted ones are picked; they
are not even resized. Memory is the growth of the reading process, each work in a fresh one; the process at the other
end of the pipe does not count. While it joins what came through the pipe, Python has all frames twice.
"""

import argparse
import importlib.util
import json
import multiprocessing
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median

import av
import cv2
import numpy as np
import torch
from tqdm import tqdm

from mmstvg.datasets import DecodeFrames, open_video
from mmstvg.datasets.video_reader import BACKENDS
from mmstvg.utils.atomic_file import write_text_atomically
from mmstvg.utils.measure import Work, peak_bytes

SECONDS, RATE, HEIGHT, WIDTH = 20, 30, 720, 1280
GROUPS = (250, 24)  # frames from one key frame to the next: what x264 does by default, and a short one
EVERYTHING = 'decode everything'

PIPE_BY_PYAV = """
import sys, av
with av.open(sys.argv[1]) as file:
    file.streams.video[0].thread_type = 'AUTO'
    for frame in file.decode(video=0):
        sys.stdout.buffer.write(frame.to_ndarray(format='rgb24'))
"""


def make_video(path: Path, group: int) -> Path:
    """A camera that pans over a random picture, with grain."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(16, 240, (HEIGHT // 8, WIDTH // 4, 3), dtype=np.uint8)
    picture = cv2.resize(coarse, None, fx=16, fy=16, interpolation=cv2.INTER_LINEAR)
    grain = rng.integers(0, 9, (8, HEIGHT, WIDTH, 3), dtype=np.uint8)
    options = {'preset': 'veryfast', 'crf': '18', 'x264-params': f'keyint={group}:log-level=none'}
    with av.open(str(path), 'w') as file:
        stream = file.add_stream('libx264', rate=RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, 'yuv420p'
        for number in tqdm(range(SECONDS * RATE), desc=path.name, leave=False):
            top, left = number // 2, 2 * number
            frame = picture[top : top + HEIGHT, left : left + WIDTH] + grain[number % len(grain)]
            file.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format='rgb24')))
        file.mux(stream.encode(None))
    return path


def decode_everything(path: str, size: tuple[int, int], frame_ids: np.ndarray) -> np.ndarray:
    """The wanted frames out of all frames."""
    if shutil.which('ffmpeg'):
        command = ['ffmpeg', '-v', 'error', '-i', path, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-']
    else:
        command = [sys.executable, '-c', PIPE_BY_PYAV, path]
    decoded = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(decoded, np.uint8).reshape(-1, *size, 3)[frame_ids]


def read(path: str, frame_ids: np.ndarray, backend: str, height: int, to_uint8: bool) -> torch.Tensor:
    """The wanted frames as the data sets load them."""
    decode = DecodeFrames(backend, resize=dict(type='ResizeClip', height=height, to_uint8=to_uint8))
    return decode(dict(video_path=path, frame_ids=frame_ids))['imgs']


def seconds_and_peak(work: Work) -> tuple[float, int | None]:
    """Memory of the first run, time of the second, with one thread as in a data worker."""
    torch.set_num_threads(1)
    peak = peak_bytes(work, torch.device('cpu'))
    start = time.perf_counter()
    work()
    return time.perf_counter() - start, peak


def measure(path: Path, num_frames: int, height: int, repeat: int) -> dict:
    """All works on one video, in turn, each in a process that has done nothing before."""
    with open_video(str(path)) as video:
        frame_count, size = video.frame_count, video.size
    frame_ids = np.unique(np.linspace(0, frame_count - 1, num_frames).astype(int))
    works: dict[str, Work] = {EVERYTHING: partial(decode_everything, str(path), size, frame_ids)}
    for backend in BACKENDS:
        if backend == 'decord' and importlib.util.find_spec('decord') is None:
            continue  # there is none for some machines
        for kind in ('float32', 'uint8'):
            works[f'{backend}, {kind}'] = partial(read, str(path), frame_ids, backend, height, kind == 'uint8')
    measured: dict[str, list] = {name: [] for name in works}
    for name in tqdm([*works] * repeat, desc=path.name, leave=False):
        with multiprocessing.get_context('fork').Pool(1) as pool:
            measured[name].append(pool.apply(seconds_and_peak, (works[name],)))
    rows = {name: _medians(pairs) for name, pairs in measured.items()}
    for row in rows.values():
        row['times_faster'] = rows[EVERYTHING]['seconds'] / row['seconds']
        row['share_of_memory'] = row['peak_bytes'] / rows[EVERYTHING]['peak_bytes'] if row['peak_bytes'] else None
    sizes = {'frame_count': frame_count, 'frames': len(frame_ids), 'size': size, 'height': height}
    return {'video': path.name, **sizes, 'decoded_bytes': frame_count * 3 * size[0] * size[1], 'works': rows}


def _medians(pairs: list[tuple[float, int | None]]) -> dict:
    peaks = [peak for _, peak in pairs if peak is not None]
    return {'seconds': median(seconds for seconds, _ in pairs), 'peak_bytes': median(peaks) if peaks else None}


def table(result: dict) -> str:
    """The result on one video as text."""
    height, width = result['size']
    lines = [
        f'{result["video"]}: {result["frames"]} of {result["frame_count"]} frames of {width}x{height}, '
        f'{result["decoded_bytes"] / 1e6:,.0f} MB decoded',
        f'{"":24}{"seconds":>10}{"faster":>10}{"memory":>12}{"share":>10}',
    ]
    for name, row in result['works'].items():
        peak, share = '-', '-'
        if row['share_of_memory'] is not None:
            peak, share = f'{row["peak_bytes"] / 1e6:,.0f} MB', f'{row["share_of_memory"]:.1%}'
        lines.append(f'{name:24}{row["seconds"]:10.2f}{row["times_faster"]:9.1f}x{peak:>12}{share:>10}')
    return '\n'.join(lines)


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('video', type=Path, nargs='*', help='files to read instead of those that it makes')
    parser.add_argument('--frames', type=int, default=64, help='spread over the video (default: %(default)s)')
    parser.add_argument('--height', type=int, default=420, help='pixels after resizing (default: %(default)s)')
    parser.add_argument('--repeat', type=int, default=3, help='rounds; the median counts (default: %(default)s)')
    parser.add_argument('--out', type=Path, help='write the result here as JSON')
    args = parser.parse_args()
    for name in ('frames', 'height', 'repeat'):
        if getattr(args, name) < 1:
            parser.error(f'--{name} must be positive, got {getattr(args, name)}')
    return args


def main() -> None:
    """Measure and print."""
    args = parse_args()
    results = []
    with tempfile.TemporaryDirectory() as folder:
        made = (make_video(Path(folder) / f'key_frame_every_{group}.mp4', group) for group in GROUPS)
        for path in args.video or made:
            results.append(measure(path, args.frames, args.height, args.repeat))
            print(table(results[-1]))
    if args.out is not None:
        decoder = 'ffmpeg' if shutil.which('ffmpeg') else 'PyAV'
        about = {'machine': platform.machine(), 'cores': os.cpu_count(), 'everything_by': decoder}
        write_text_atomically(args.out, json.dumps({**about, 'videos': results}, indent=2))


if __name__ == '__main__':
    main()
