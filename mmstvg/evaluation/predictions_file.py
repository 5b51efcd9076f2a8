"""The predictions file: JSON, a list with one object an item."""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from mmstvg.structures import Tube
from mmstvg.utils.atomic_file import whole_file


def prediction_record(
    tube: Tube, item_id: int, video_id: str, text: str, fps: float | None = None, score: float | None = None
) -> dict:
    """One item of a predictions file.

    Args:
        tube: The predicted tube.
        item_id: Number of the item in its data set.
        video_id: Name of the video.
        text: The sentence.
        fps: Frames a second of the video. None if not known: then `span_seconds` is None too.
        score: Confidence of the tube. One that is no number, of a model that has diverged, is written as None.

    Returns:
        `item_id, video_id, text, span [start, end), span_seconds, score, boxes {frame: [x1, y1, x2, y2]}`. There is a
        box on every frame from the first to the last sampled one, inside the span and outside (gt_vIoU asks for
        those), in pixels of the original frame. `Tube.from_dict` reads the tube back.
    """
    seconds = None if not fps else [tube.span[0] / fps, tube.span[1] / fps]
    return {
        'item_id': item_id,
        'video_id': video_id,
        'text': text,
        'span': list(tube.span),
        'span_seconds': seconds,
        'score': None if score is None or not np.isfinite(score) else float(score),
        'boxes': _dense_boxes(tube),
    }


def _dense_boxes(tube: Tube) -> dict[str, list[float]]:
    if len(tube.frame_ids) == 0:
        return {}
    frames = np.arange(tube.frame_ids[0], tube.frame_ids[-1] + 1)
    boxes, _ = tube.boxes_at(frames)
    finite = np.isfinite(boxes).all(axis=1)
    return dict(zip(frames[finite].astype(str).tolist(), shortest_decimals(boxes[finite]), strict=True))


def shortest_decimals(values: np.ndarray) -> list:
    """Nested lists of the shortest decimals that give the same floats again, whatever their precision."""
    short: np.ndarray = values.astype(str).astype(np.float64)
    return short.tolist()


def write_predictions(path: str | Path, records: Iterable[dict]) -> None:
    """Write a predictions file, one item a line. It appears under its name when it is complete."""
    with whole_file(path) as part, part.open('w', encoding='utf-8') as file:
        file.write('[')
        for index, record in enumerate(records):
            line = json.dumps(record, ensure_ascii=False, allow_nan=False)
            file.write((',\n' if index else '\n') + line)
        file.write('\n]\n')


def read_predictions(path: str | Path) -> dict[int, dict]:
    """Read a predictions file.

    Returns:
        Item id to record. `Tube.from_dict(record)` gives the tube.

    Raises:
        ValueError: It is no predictions file, or an item stands in it twice.
    """
    with open(path, encoding='utf-8') as file:
        try:
            records = json.load(file)
        except ValueError as error:
            raise ValueError(f'{path} is no predictions file, for it is no JSON: {error}') from error
    needed = {'item_id', 'span', 'boxes'}
    if not isinstance(records, list) or not all(isinstance(r, dict) and needed <= r.keys() for r in records):
        raise ValueError(f'{path} is no predictions file: a list of objects that have {sorted(needed)}.')
    items = {record['item_id']: record for record in records}
    if len(items) < len(records):
        raise ValueError(f'{path} has {len(records)} predictions for {len(items)} items; each may stand there once.')
    return items
