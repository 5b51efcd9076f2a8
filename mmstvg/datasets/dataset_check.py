"""What in a data set would stop a training or looks wrong."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from mmstvg.structures import Tube

from .base_stvg_dataset import mark_duplicates
from .video_error import VideoError
from .video_reader import VideoReader, open_video

# Kinds of findings, and whether one of them stops a training.
KINDS = {
    'missing video': True,
    'empty video': True,
    'video without picture': True,
    'undecodable video': True,
    'truncated video': True,
    'video on its side': True,
    'frame count differs': False,
    'frame size differs': False,
    'unreadable annotation': True,
    'bad entry': True,
    'duplicate id': True,
    'bad sentence': True,
    'non-Latin sentence': False,
    'bad event': True,
    'bad boxes': True,
    'box missing': False,
    'box degenerate': False,
    'box outside the frame': False,
    'box jumps': False,
    'left out': False,
}
_KIND_OF_REASON = {
    'missing': 'missing video',
    'empty': 'empty video',
    'no_video': 'video without picture',
    'undecodable': 'undecodable video',
    'truncated': 'truncated video',
}
_KIND_OF_BROKEN = {
    'duplicate': 'duplicate id',
    'sentence': 'bad sentence',
    'event': 'bad event',
    'boxes': 'bad boxes',
}  # of all others 'bad entry'
_SIZE_TOLERANCE = 0.02  # of the aspect ratio; rescaled copies round their width


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        kind: One of `KINDS`.
        video_id: The video.
        message: What was found.
        item_id: The item; None where it concerns all items of the video.
    """

    kind: str
    video_id: str
    message: str
    item_id: int | None = None

    @property
    def stops(self) -> bool:
        """Whether a training would stop at it."""
        return KINDS[self.kind]

    def to_dict(self) -> dict:
        """Plain data for JSON."""
        return {**asdict(self), 'stops': self.stops}


def check_items(items: Sequence[dict]) -> list[Finding]:
    """Check annotations, as `load_data_list` of a data set gives them."""
    mark_duplicates(items)
    return [
        Finding(kind, item['video_id'], message, item['item_id'])
        for item in items
        for kind, message in _check_item(item)
    ]


def _check_item(item: dict) -> Iterator[tuple[str, str]]:
    if 'broken' in item:
        yield _KIND_OF_BROKEN.get(item['broken'], 'bad entry'), item['broken_message']
    foreign = sorted({letter for letter in item['text'] if letter.isalpha() and not _is_latin(letter)})
    if foreign:
        yield 'non-Latin sentence', f'{item["text"]!r} holds {" ".join(foreign[:10])}'
    if 'gt_tube' in item:
        yield from _check_boxes(item['gt_tube'], item.get('ori_shape'))


def _is_latin(letter: str) -> bool:
    return 'LATIN' in unicodedata.name(letter, '')


def _check_boxes(tube: Tube, ori_shape: tuple[int, int] | None) -> Iterator[tuple[str, str]]:
    frames, boxes = tube.frame_ids, tube.boxes
    if len(frames) < len(tube):
        absent = np.setdiff1d(np.arange(*tube.span), frames)
        yield 'box missing', _on_frames(absent)
    flat = ~((boxes[:, 2:] > boxes[:, :2]).all(axis=1) & np.isfinite(boxes).all(axis=1))
    if flat.any():
        yield 'box degenerate', f'{_on_frames(frames[flat])}, such as {boxes[flat][0].tolist()}'
    if ori_shape is not None:
        height, width = ori_shape
        outside = ((boxes < 0) | (boxes > [width, height, width, height])).any(axis=1)
        if outside.any():
            yield 'box outside the frame', f'{_on_frames(frames[outside])}, such as {boxes[outside][0].tolist()}'
    jumps = (np.diff(frames) == 1) & ~flat[1:] & ~flat[:-1] & ~_overlap(boxes[1:], boxes[:-1])
    if jumps.any():
        yield 'box jumps', f'to a place apart {_on_frames(frames[1:][jumps])}'


def _overlap(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    low, high = np.maximum(one[:, :2], other[:, :2]), np.minimum(one[:, 2:], other[:, 2:])
    return (high > low).all(axis=1)


def _on_frames(frames: np.ndarray) -> str:
    shown = ', '.join(map(str, frames[:5].tolist()))
    return f'on {len(frames)} frames ({shown}{", ..." if len(frames) > 5 else ""})'


@dataclass(frozen=True)
class VideoToCheck:
    """What the items of one video expect of it.

    Attributes:
        video_id: The video.
        path: Its file.
        frame_count: What the annotation says, if anything.
        last_frame: Last frame that may be sampled, where known; else the last one of an event.
        ori_shape: `(height, width)` that boxes refer to, where known.
    """

    video_id: str
    path: str
    frame_count: int | None
    last_frame: int | None
    ori_shape: tuple[int, int] | None


def videos_of(items: Sequence[dict]) -> list[VideoToCheck]:
    """The videos of some items, each once."""
    by_path: dict[str, list[dict]] = {}
    for item in items:
        by_path.setdefault(item['video_path'], []).append(item)
    return [
        VideoToCheck(
            group[0]['video_id'],
            path,
            group[0].get('frame_count'),
            _last_frame(group),
            group[0].get('ori_shape'),
        )
        for path, group in by_path.items()
    ]


def _last_frame(items: Sequence[dict]) -> int | None:
    """The last frame that may be sampled or, where the length of the video is not known, the last one of an event."""
    ranges = [item.get('segment') or item['gt_tube'].span for item in items if item.keys() & {'segment', 'gt_tube'}]
    return max(end - 1 for _, end in ranges) if ranges else None


def check_video(video: VideoToCheck, decode: bool = True) -> list[Finding]:
    """Open a video and compare it with its annotation.

    Args:
        video: What is expected.
        decode: Decode all frames, which finds damage in the middle.
    """
    try:
        with open_video(video.path, 'pyav') as reader:
            messages = list(_compare(video, reader))
            if decode:
                for _ in reader.frames(range(reader.frame_count)):
                    pass
    except VideoError as error:
        messages = [(_KIND_OF_REASON[error.reason], error.message)]
    return [Finding(kind, video.video_id, f'{video.path}: {message}') for kind, message in messages]


def _compare(video: VideoToCheck, reader: VideoReader) -> Iterator[tuple[str, str]]:
    frame_count = reader.frame_count
    if video.last_frame is not None and video.last_frame >= frame_count:
        yield 'truncated video', f'it has {frame_count} frames, but frame {video.last_frame} is needed'
    elif video.frame_count is not None and video.frame_count != frame_count:
        yield 'frame count differs', f'it has {frame_count} frames, the annotation says {video.frame_count}'
    elif reader.shortfall is not None:
        yield 'frame count differs', reader.shortfall
    if video.ori_shape is None:
        return
    (height, width), (said_height, said_width) = reader.size, video.ori_shape
    found = f'its frames are {width}x{height} pixels, the annotation says {said_width}x{said_height}'
    if (height - width) * (said_height - said_width) < 0:
        yield 'video on its side', found
    elif abs(width * said_height / (height * said_width) - 1) > _SIZE_TOLERANCE:
        yield 'frame size differs', found
