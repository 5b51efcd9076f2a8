"""Make a small data set of real video files in HC-STVG 1's format, to train and test on a CPU within minutes.

    python tools/dataset_tools/make_toy_dataset.py data/toy

Two or three coloured shapes lie on a textured background. Each moves once, in a straight line, during a part of the
video. The sentence names one of them by colour, shape and direction ("the red circle moves to the left"); its tube is
the time of that movement. The others are like it in all but one or two of these, and any of them could have been the
one: only the sentence tells which.

Layout: `annos/hcstvg_v1/{train,test}.json` and `v1_video/*.mp4`. Boxes are `[x, y, w, h]`, `st_frame` counts from 1.
Each video has a seed of its own, so the same seed gives the same files, whatever the number of workers.
"""

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from mmstvg.visualization.video_writer import write_video

FPS = 10
SPLITS = ('train', 'test')
COLORS = {'red': (222, 36, 36), 'green': (30, 170, 50), 'blue': (40, 70, 230)}
SHAPES = ('circle', 'square', 'triangle')
DIRECTIONS = {'to the left': (-1, 0), 'to the right': (1, 0), 'up': (0, -1), 'down': (0, 1)}

HEIGHT, WIDTH = 64, 96
SECONDS = (3.0, 6.0)
EVENT_SHARE = (0.35, 0.6)  # of the video
SIZE = (19, 25)  # pixels
SPEED = (11, 16)  # pixels a second
TRAVEL = (16, 28)  # pixels; speeds are bent where they would leave this range
GAP = 2  # pixels that stay free between two shapes
TWIN_SHARE = 0.2  # of the videos have two shapes that differ in direction only
ATTEMPTS = 50


@dataclass(frozen=True)
class Movement:
    """What one shape looks like and does. Positions are those of its centre, in pixels."""

    color: str
    shape: str
    direction: str
    size: float
    position: tuple[float, float]
    travel: float
    start: int  # the first frame on which it has moved
    end: int  # one past the last

    @property
    def caption(self) -> str:
        """The sentence that names it."""
        return f'the {self.color} {self.shape} moves {self.direction}'

    def centers(self, frame_count: int) -> np.ndarray:
        """Its centre on each frame, `(frame_count, 2)`."""
        done = (np.arange(frame_count) - self.start + 1).clip(0, self.end - self.start) / (self.end - self.start)
        return np.array(self.position) + done[:, None] * self.travel * np.array(DIRECTIONS[self.direction])


def draw_cast(rng: np.random.Generator) -> list[tuple[str, str, str]]:
    """Colour, shape and direction of two or three shapes.

    The first two differ in colour, in shape or, twins, in direction alone. A third differs from the first in the other
    of colour and shape.
    """
    colors = rng.choice(list(COLORS), 2, replace=False).tolist()
    shapes = rng.choice(SHAPES, 2, replace=False).tolist()
    directions = rng.choice(list(DIRECTIONS), 2, replace=False).tolist()
    first, others = (colors[0], shapes[0]), [(colors[1], shapes[0]), (colors[0], shapes[1])]
    if rng.random() < 0.5:
        others.reverse()
    count = int(rng.integers(2, 4))
    if rng.random() >= TWIN_SHARE:
        return [(*look, str(rng.choice(directions))) for look in [first, *others][:count]]
    return [(*first, directions[0]), (*first, directions[1]), (*others[0], str(rng.choice(directions)))][:count]


def place_shapes(
    cast: list[tuple[str, str, str]], frame_count: int, height: int, width: int, rng: np.random.Generator
) -> list[Movement]:
    """Give each shape a size, a time and a way on which it never comes near the others."""
    while True:
        movements = []
        for look in cast:
            draws = (_draw_movement(*look, frame_count, height, width, rng) for _ in range(ATTEMPTS))
            free = (m for m in draws if not any(_collide(m, other, frame_count) for other in movements))
            movement = next(free, None)
            if movement is None:
                break  # a corner without way out: start again
            movements.append(movement)
        else:
            return movements


def _draw_movement(
    color: str, shape: str, direction: str, frame_count: int, height: int, width: int, rng: np.random.Generator
) -> Movement:
    size = rng.uniform(*SIZE)
    length = round(frame_count * rng.uniform(*EVENT_SHARE))
    # The first frame shows every shape at rest. The last one is never part of an event, as in HC-STVG's range.
    start = int(rng.integers(1, frame_count - length))
    travel = float(np.clip(rng.uniform(*SPEED) * length / FPS, *TRAVEL))
    travel = min(travel, (width if DIRECTIONS[direction][0] else height) - size - 2)
    step = travel * np.array(DIRECTIONS[direction])
    low = size / 2 + 1 + np.maximum(-step, 0)
    high = np.array([width, height]) - size / 2 - 1 - np.maximum(step, 0)
    position = tuple(rng.uniform(low, high).tolist())
    return Movement(color, shape, direction, size, position, travel, start, start + length)


def _collide(one: Movement, other: Movement, frame_count: int) -> bool:
    distance = np.abs(one.centers(frame_count) - other.centers(frame_count)).max(axis=1)
    return bool((distance < (one.size + other.size) / 2 + GAP).any())


def draw_background(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Gray clouds with grain, RGB uint8 `(height, width, 3)`."""
    clouds = cv2.resize(rng.uniform(95, 155, (5, 6)), (width, height), interpolation=cv2.INTER_CUBIC)
    grain = cv2.GaussianBlur(rng.normal(0, 14, (height, width)), (3, 3), 0)
    tint = rng.uniform(-8, 8, 3)
    return (clouds[..., None] + grain[..., None] + tint).clip(0, 255).astype(np.uint8)


def draw_shape(image: np.ndarray, movement: Movement, center: np.ndarray) -> None:
    """Draw one shape into `image`, with its edges at fractions of a pixel."""
    color, half, shift = COLORS[movement.color], movement.size / 2, 4
    center = center - 0.5  # OpenCV counts from the middle of a pixel, boxes from its edge
    if movement.shape == 'circle':
        fixed = np.rint(center * 2**shift).astype(int).tolist()
        cv2.circle(image, fixed, round(half * 2**shift), color, cv2.FILLED, cv2.LINE_AA, shift)
        return
    corners = {'square': [(-1, -1), (1, -1), (1, 1), (-1, 1)], 'triangle': [(0, -1), (1, 1), (-1, 1)]}
    points = center + half * np.array(corners[movement.shape])
    cv2.fillPoly(image, [np.rint(points * 2**shift).astype(np.int32)], color, cv2.LINE_AA, shift)


def make_item(index: int, split: str, seed: int, video_dir: Path) -> tuple[str, dict]:
    """Write one video.

    Returns:
        The file's name and its annotation.
    """
    rng = np.random.default_rng([seed, SPLITS.index(split), index])
    frame_count = round(rng.uniform(*SECONDS) * FPS)
    movements = place_shapes(draw_cast(rng), frame_count, HEIGHT, WIDTH, rng)
    background = draw_background(HEIGHT, WIDTH, rng)
    centers = np.stack([movement.centers(frame_count) for movement in movements])  # shapes T 2

    def frames():
        for frame in range(frame_count):
            image = background.copy()
            for movement, path in zip(movements, centers, strict=True):
                draw_shape(image, movement, path[frame])
            yield image

    name = f'toy_{split}_{index:05d}.mp4'
    write_video(video_dir / name, frames(), FPS, crf=18)
    return name, describe(movements[int(rng.integers(len(movements)))], frame_count)


def describe(target: Movement, frame_count: int) -> dict:
    """Annotation of one video in HC-STVG 1's format."""
    corners = target.centers(frame_count)[target.start : target.end] - target.size / 2
    return {
        'bbox': [[round(x, 2), round(y, 2), round(target.size, 2), round(target.size, 2)] for x, y in corners.tolist()],
        'st_frame': target.start + 1,
        'st_time': target.start / FPS,
        'ed_time': target.end / FPS,
        'img_num': frame_count,
        'caption': target.caption,
        'width': WIDTH,
        'height': HEIGHT,
    }


def make_split(out: Path, split: str, count: int, seed: int, workers: int) -> None:
    """Write the videos of one split in parallel, then its annotation file."""
    video_dir, anno_dir = out / 'v1_video', out / 'annos' / 'hcstvg_v1'
    anno_dir.mkdir(parents=True, exist_ok=True)
    make = partial(make_item, split=split, seed=seed, video_dir=video_dir)
    with ProcessPoolExecutor(workers) as pool:
        items = pool.map(make, range(count), chunksize=4)
        annotations = dict(tqdm(items, desc=f'{split} videos', total=count))
    (anno_dir / f'{split}.json').write_text(json.dumps(annotations))


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('out', type=Path, help='folder to write into, such as data/toy')
    parser.add_argument('--train', type=int, default=1600, help='number of training videos (default: %(default)s)')
    parser.add_argument('--test', type=int, default=80, help='number of test videos (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='same seed, same files (default: %(default)s)')
    parser.add_argument('--workers', type=int, default=os.cpu_count(), help='processes (default: one a CPU core)')
    args = parser.parse_args()
    for name in ('train', 'test', 'workers'):
        if getattr(args, name) < 1:
            parser.error(f'--{name} must be at least 1, got {getattr(args, name)}')
    if args.seed < 0:
        parser.error(f'--seed must not be negative, got {args.seed}')
    return args


def main() -> None:
    """Write both splits."""
    args = parse_args()
    for split in SPLITS:
        make_split(args.out, split, getattr(args, split), args.seed, args.workers)
    print(f'Wrote {args.train} training and {args.test} test videos to {args.out}.')


if __name__ == '__main__':
    main()
