"""Scoring a predictions file without a model."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmengine.registry import init_default_scope

from mmstvg.datasets.json_file import read_json
from mmstvg.registry import DATASETS
from mmstvg.structures import Tube
from mmstvg.utils.config import load_config

from .stvg_metric import STVGMetric
from .tube_iou import TubeScore


@dataclass(frozen=True)
class ScoredItem:
    """One item with its scores and what tables group by."""

    item_id: int
    video_id: str
    text: str
    qtype: str | None
    miss: str | None
    score: TubeScore
    duration: int  # frames of the event
    box_size: float  # side in pixels of a square as large as the mean annotated box


def load_items(source: str | Path, split: str = 'test') -> list[dict]:
    """Items of a data set without reading any video.

    Args:
        source: A config, whose data set for `split` is taken, or an annotation file that needs no other: HC-STVG's, or
            VidSTG's merged one.
        split: `'test'`, `'val'` or `'train'`; for configs.

    Returns:
        What the data set knows of each item: `item_id, video_id, text`, and where known `gt_tube, qtype, fps, broken`.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The config has no loader for the split, or the file has another format.
    """
    path = Path(source)
    if path.suffix == '.py':
        loader = load_config(path).get(f'{split}_dataloader')
        if loader is None:
            raise ValueError(f'{path} has no {split}_dataloader.')
        options = dict(loader['dataset'], pipeline=[], test_mode=True)
    else:
        # The folder of the videos does not matter, for none is opened.
        options = dict(type=_dataset_of(path), ann_file=str(path), test_mode=True, on_bad_annotation='skip')
    init_default_scope('mmstvg')
    dataset = DATASETS.build(options)
    return [dataset.get_data_info(index) for index in range(len(dataset))]


def _dataset_of(path: Path) -> str:
    """The data set class that reads an annotation file."""
    content = read_json(str(path))
    if isinstance(content, dict):
        return 'HCSTVGDataset'
    if isinstance(content, list) and content and 'target_bboxs' in content[0]:
        return 'VidSTGDataset'
    raise ValueError(f"{path} is neither HC-STVG's annotation nor VidSTG's merged one; give a config instead.")


def score_predictions(
    predictions: Mapping[int, dict], items: Sequence[dict], convention: str = 'published'
) -> tuple[dict[str, float], list[ScoredItem]]:
    """Score predictions the way `STVGMetric` does, to the last bit; logs its table.

    Args:
        predictions: What `read_predictions` returns.
        items: What `load_items` returns.
        convention: `'published'` or `'inclusive'`.

    Returns:
        The metrics, and the scored items in the order of their ids.

    Raises:
        ValueError: Predictions are for items or videos that the data set does not have.
    """
    _check_same_items(predictions, items)
    metric = STVGMetric(convention)
    metric.process(None, [_sample(item, predictions.get(item['item_id'])) for item in items])
    metrics = metric.evaluate(len(items))
    truths = {item['item_id']: item.get('gt_tube') for item in items}
    return metrics, [_scored(row, truths[row['item_id']]) for row in metric.item_scores]


def _check_same_items(predictions: Mapping[int, dict], items: Iterable[dict]):
    videos = {item['item_id']: item['video_id'] for item in items}
    for item_id, record in predictions.items():
        if item_id not in videos:
            raise ValueError(
                f'The prediction for item {item_id} has no such item in the data set; is it another split?'
            )
        if record.get('video_id', videos[item_id]) != videos[item_id]:
            raise ValueError(
                f'Item {item_id} is video {videos[item_id]} in the data set, but {record["video_id"]} in the '
                'predictions; they belong to another data set or split.'
            )


def _sample(item: dict, record: dict | None) -> dict:
    kept = {key: item[key] for key in ('item_id', 'video_id', 'text', 'qtype', 'gt_tube', 'broken') if key in item}
    return kept if record is None else {**kept, 'pred_tube': Tube.from_dict(record)}


def _scored(row: dict, truth: Tube | None) -> ScoredItem:
    sides = np.zeros((0, 2)) if truth is None else truth.boxes[:, 2:] - truth.boxes[:, :2]
    return ScoredItem(
        **{key: row[key] for key in ('item_id', 'video_id', 'text', 'qtype', 'miss')},
        score=TubeScore(row['tiou'], row['viou'], row['gt_viou']),
        duration=0 if truth is None else len(truth),
        box_size=float(np.sqrt(sides.prod(axis=1).mean())) if len(sides) else 0.0,
    )
