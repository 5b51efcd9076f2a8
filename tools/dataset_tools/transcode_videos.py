"""Write copies of videos at training resolution with a key frame every few frames, which load faster.

    python tools/dataset_tools/transcode_videos.py data/hc-stvg/v1_video data/hc-stvg/v1_video_420

Then set `video_folder = 'v1_video_420'` on top of `configs/_base_/datasets/hcstvg.py`. Annotations stay as they are:
boxes refer to the size that the annotation says, and a copy has the frames of its original, one by one. A copy appears
when it is complete and verified; a second run goes on with those that are missing. The copies are lossy, so results
move a little.
"""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np
from tqdm import tqdm

from mmstvg.datasets import VideoError, open_video
from mmstvg.datasets.file_index import VIDEO_SUFFIXES
from mmstvg.utils.atomic_file import whole_file

TIMED = 8  # videos whose reading is timed before and after


@dataclass(frozen=True)
class Settings:
    """How copies are written."""

    height: int
    group: int  # frames from one key frame to the next
    crf: int


def copy_size(height: int, width: int, target: int) -> tuple[int, int]:
    """Height and width of a copy: never larger than the original, even sides."""
    scale = min(target / height, 1)
    return tuple(max(round(side * scale / 2) * 2, 2) for side in (height, width))


def transcode(source: Path, target: Path, settings: Settings):
    """Write one copy.

    Raises:
        VideoError: The original cannot be read to its end, or the copy has another number of frames.
    """
    with whole_file(target) as part:
        with open_video(str(source), 'pyav') as video:
            _encode(video, part, settings)
            expected = video.frame_count
        with open_video(str(part), 'pyav') as copy:
            if copy.frame_count != expected:
                message = f'the copy has {copy.frame_count} frames, the original {expected}'
                raise VideoError(str(source), 'undecodable', message)


def _encode(video, path: Path, settings: Settings):
    height, width = copy_size(*video.size, settings.height)
    rate = Fraction(video.fps).limit_denominator(1001)
    options = {
        'crf': str(settings.crf),
        'preset': 'veryfast',
        'tune': 'fastdecode',
        'threads': '1',
        'x264-params': f'keyint={settings.group}:bframes=0:log-level=none',
    }
    with av.open(str(path), 'w', options={'movflags': '+faststart'}) as file:
        stream = file.add_stream('libx264', rate=rate, options=options)
        stream.height, stream.width, stream.pix_fmt = height, width, 'yuv420p'
        for picture in video.frames(range(video.frame_count)):
            picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format='rgb24')))
        file.mux(stream.encode(None))


def attempt(job: tuple[Path, Path], settings: Settings) -> str | None:
    """What went wrong with one copy, if anything."""
    try:
        transcode(*job, settings)
    except (VideoError, av.FFmpegError, OSError) as error:
        return f'{job[0]}: {error}'
    return None


def reading_time(paths: list[Path]) -> float:
    """Seconds to read 64 frames of each."""
    start = time.perf_counter()
    for path in paths:
        with open_video(str(path)) as video:
            for _ in video.frames(np.unique(np.linspace(0, video.frame_count - 1, 64).astype(int))):
                pass
    return time.perf_counter() - start


def report(done: list[tuple[Path, Path]]):
    """Size and speed of the copies against the originals."""
    old, new = (sum(pair[side].stat().st_size for pair in done) / 1e6 for side in (0, 1))
    timed = done[:: max(len(done) // TIMED, 1)][:TIMED]
    before, after = (reading_time([pair[side] for pair in timed]) for side in (0, 1))
    print(f'{len(done)} copies: {new:.0f} MB, the originals {old:.0f} MB')
    print(
        f'64 frames of {len(timed)} videos: {after:.2f} s, of the originals {before:.2f} s ({before / after:.1f} times)'
    )


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', type=Path, help='folder of videos, flat or a tree')
    parser.add_argument('target', type=Path, help='folder of the copies, in the same tree')
    parser.add_argument('--height', type=int, default=420, help='pixels (default: %(default)s)')
    parser.add_argument('--group', type=int, default=4, help='frames between key frames (default: %(default)s)')
    parser.add_argument('--crf', type=int, default=20, help='quality, 0 (lossless) to 51 (default: %(default)s)')
    parser.add_argument('--workers', type=int, default=os.cpu_count(), help='processes (default: %(default)s)')
    return parser.parse_args()


def main() -> int:
    """Transcode."""
    args = parse_args()
    sources = sorted(path for path in args.source.rglob('*') if path.suffix.lower() in VIDEO_SUFFIXES)
    if not sources:
        print(f'There are no videos in {args.source}.')
        return 1
    jobs = [(path, (args.target / path.relative_to(args.source)).with_suffix('.mp4')) for path in sources]
    if len({target for _, target in jobs}) < len(jobs):
        print(f'Some videos in {args.source} differ in their suffix only; their copies would have one name.')
        return 1
    missing = [job for job in jobs if not job[1].exists()]
    settings = Settings(args.height, args.group, args.crf)
    with ProcessPoolExecutor(args.workers) as pool:
        results = pool.map(partial(attempt, settings=settings), missing)
        problems = [problem for problem in tqdm(results, total=len(missing), desc='videos') if problem]
    done = [job for job in jobs if job[1].exists()]
    if done:
        report(done)
    for problem in problems:
        print(f'Not copied: {problem}')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
