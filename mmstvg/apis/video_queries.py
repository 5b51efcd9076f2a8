"""What can be asked: videos in several forms, with one or several sentences each."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

Video = str | Path | dict | np.ndarray | Sequence[np.ndarray]


@dataclass(frozen=True, eq=False)
class VideoQuery:
    """One video and what to find in it.

    Args:
        video: Absolute path, frames, or an item of a data set.
        name: What the results call it.
        texts: The sentences, at least one, runs of white space made one blank except in an item's own.
    """

    video: Path | dict | np.ndarray | Sequence[np.ndarray]
    name: str
    texts: list[str]


def parse_queries(
    inputs: Video | Sequence[Video], texts: str | Sequence[str | Sequence[str]] | None
) -> list[VideoQuery]:
    """Pair videos with sentences; see `STVGInferencer.__call__` for the forms.

    Raises:
        ValueError: Numbers do not fit, a sentence is empty, or something is of another kind.
    """
    is_single = _is_video(inputs)
    videos: list = [inputs] if is_single else list(cast(Sequence[Video], inputs))
    if not videos:
        raise ValueError('There is no video to look at: inputs is empty.')
    if texts is None:
        sentences: Sequence = [_own_text(video) for video in videos]
    elif isinstance(texts, str):
        sentences = [texts] * len(videos)
    elif is_single:
        sentences = [texts]
    elif len(texts) != len(videos):
        raise ValueError(
            f'There are {len(videos)} videos and {len(texts)} sentences. Give one sentence for all, one each, or for '
            'several each a list of lists.'
        )
    else:
        sentences = texts
    return [_query(video, own, place) for place, (video, own) in enumerate(zip(videos, sentences, strict=True))]


def _is_video(inputs) -> bool:
    if isinstance(inputs, str | Path | dict):
        return True
    if isinstance(inputs, np.ndarray):
        return inputs.ndim < 5  # of a wrong shape, perhaps; the reader says so
    return len(inputs) > 0 and isinstance(inputs[0], np.ndarray) and inputs[0].ndim < 4


def _own_text(video: Video) -> str:
    if not isinstance(video, dict) or 'text' not in video:
        raise ValueError('Say what to look for: texts may only be left out for items of a data set.')
    return video['text']


def _query(video: Video, texts: str | Sequence[str], place: int) -> VideoQuery:
    texts = [texts] if isinstance(texts, str) else list(texts)
    if not texts:
        raise ValueError(f'There is no sentence for video {place}.')
    own = video.get('text') if isinstance(video, dict) else None
    texts = [_clean(text, keep=text == own) for text in texts]  # the item's own as `tools/test.py` takes it
    if isinstance(video, str | Path):
        path = Path(video).absolute()
        return VideoQuery(path, path.name, texts)
    if not isinstance(video, dict):
        return VideoQuery(video, f'frames_{place}', texts)
    if 'video_path' not in video or 'broken' in video:
        why = video.get('broken_message', 'it has no video_path')
        raise ValueError(f'Item {video.get("item_id", place)} cannot be looked at: {why}.')
    return VideoQuery(video, str(video.get('video_id', Path(video['video_path']).name)), texts)


def _clean(text: str, keep: bool) -> str:
    if not isinstance(text, str):
        raise ValueError(f'A sentence is a string, got {type(text).__name__}: {text!r:.80}.')
    cleaned = ' '.join(text.split())
    if not cleaned:
        raise ValueError(
            f'The sentence {text!r:.80} is empty. Say what to look for, such as "the man in red sits down".'
        )
    return text if keep else cleaned
