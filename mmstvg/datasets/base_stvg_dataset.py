"""What all data sets of videos with sentences share."""

import logging
import os
import random
import re
from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmstvg.registry import DATASETS, TRANSFORMS

from .transforms import PackSTVGInputs
from .video_error import VideoError

_ANSWERS = ('raise', 'skip')


@DATASETS.register_module()
class BaseSTVGDataset(BaseDataset):
    """Items of one video and one sentence each.

    Unlike MMEngine's base class it never puts another item in the place of one that failed. An item that cannot be used
    stops the run, or, with `'skip'`, comes as `dict(inputs=None, data_samples=sample)` whose sample has the metainfo
    `broken`, a word that says why: the trainer leaves it out of its batch, the metric counts a miss.

    The random choices of the transforms depend on the seed, the epoch and the item alone, not on the number of workers
    or on what was read before: `numpy.random` and `random` are seeded for each training item.

    Subclasses write `load_data_list`. An item is a dictionary with `item_id`, `video_id`, `video_path`, `text`, and
    where known `qtype`, `fps`, `frame_count`, `ori_shape` (height, width), `segment` (half open range of the frames
    that may be sampled), `gt_tube`; or with `broken` (a word) and `broken_message` where its annotation makes no sense.
    `LoadVideoInfo` adds what is not known, from the video, `duration` and `unused_frames`. Some items of training also
    have `foreign_text`, on request.

    Args:
        ann_file: Annotation file, or several places to look for it: the first that exists is taken.
        data_root: Folder that `ann_file` and `data_prefix` hang on.
        data_prefix: `dict(video=folder of the videos)`.
        pipeline: Configs of the transforms.
        test_mode: Whether the items are for evaluation.
        exclude: Items to leave out: video ids or file names, or the path of a text file with one of them a line.
        on_broken_video: `'raise'` or `'skip'`: what to do about a video that cannot be read.
        on_bad_annotation: `'raise'` or `'skip'`: the same for an annotation that makes no sense. Skipped ones are left
            out of training; in evaluation they stay and count as misses.
        foreign_text_prob: How often an item of training brings the sentence of another item along, `foreign_text`, for
            a head with `loss_foreign` to learn that a sentence may not hold. Not in the published system.
        indices: Use only the first `indices` items, or these.
        serialize_data: Keep the list of items in one block of memory that forked workers share.
        lazy_init: Do not read the annotation yet.
        metainfo: Further information on the data set.

    Attributes:
        unused_frames: Frames at the end of a video that are not sampled, of the class; `STVGInferencer` asks for it.
        dropped: Item id, video and reason of what `load_data_list` had to leave out, for `check_dataset.py`.

    Raises:
        FileNotFoundError: There is no annotation file or no list of exclusions.
        ValueError: Annotations make no sense (with `'raise'`), nothing is left, or a probability is none.
    """

    unused_frames = 0

    def __init__(
        self,
        ann_file: str | Sequence[str],
        data_root: str = '',
        data_prefix: dict | None = None,
        pipeline: Sequence[dict] = (),
        test_mode: bool = False,
        exclude: str | Sequence[str] = (),
        on_broken_video: str = 'raise',
        on_bad_annotation: str = 'raise',
        foreign_text_prob: float = 0.0,
        indices: int | Sequence[int] | None = None,
        serialize_data: bool = True,
        lazy_init: bool = False,
        metainfo: dict | None = None,
    ):
        for name, answer in (('on_broken_video', on_broken_video), ('on_bad_annotation', on_bad_annotation)):
            if answer not in _ANSWERS:
                raise ValueError(f"{name} must be 'raise' or 'skip', got {answer!r}.")
        if not 0 <= foreign_text_prob <= 1:
            raise ValueError(f'foreign_text_prob must lie in [0, 1], got {foreign_text_prob}.')
        self.foreign_text_prob = foreign_text_prob
        self.exclude = exclude
        self.on_broken_video = on_broken_video
        self.on_bad_annotation = on_bad_annotation
        # Of the random choices; in memory that running workers see too.
        self._epoch_and_seed = torch.tensor([0, torch.initial_seed() % 2**62]).share_memory_()
        self._reported_videos: set[str] = set()
        self.dropped: list[tuple[int, str, str]] = []
        super().__init__(
            ann_file=self._first_existing(ann_file, data_root),
            metainfo=metainfo,
            data_root=data_root,
            data_prefix=dict(video='') if data_prefix is None else dict(data_prefix),
            indices=indices,
            serialize_data=serialize_data,
            # Built here, so that the names are found without a default scope.
            pipeline=[step if callable(step) else TRANSFORMS.build(step) for step in pipeline],
            test_mode=test_mode,
            lazy_init=lazy_init,
        )

    @abstractmethod
    def load_data_list(self) -> list[dict]:
        """Items as the annotation file has them: those to exclude included, boxes not cut to the frame."""

    def set_epoch(self, epoch: int, seed: int | None = None):
        """Tell the random choices of which epoch to make, running workers included.

        Args:
            epoch: The epoch, from 0.
            seed: Seed of the choices. By default the one that PyTorch had when the data set was made.
        """
        self._epoch_and_seed[0] = epoch
        if seed is not None:
            self._epoch_and_seed[1] = seed

    def filter_data(self) -> list[dict]:
        """Leave out excluded items, deal with senseless annotations, and cut boxes to the frame."""
        items = self.without_excluded(self.data_list)
        if len(items) < len(self.data_list):
            self._log(f'{len(self.data_list) - len(items)} of {len(self.data_list)} items are excluded by the config.')
        mark_duplicates(items)
        bad = [item for item in items if 'broken' in item]
        if bad:
            self._report_bad(bad, len(items))
            if not self.test_mode:
                items = [item for item in items if 'broken' not in item]
        if not items:
            raise ValueError(f'{self.ann_file} has no usable item ({len(self.data_list)} before exclusion).')
        for item in items:
            if 'gt_tube' in item and 'ori_shape' in item:
                item['gt_tube'] = item['gt_tube'].clip(*item['ori_shape'])
        return items

    def without_excluded(self, items: list[dict]) -> list[dict]:
        """The items whose video the config does not exclude."""
        excluded = self.excluded()
        names = [{item['video_id'], os.path.basename(item['video_path'])} for item in items]
        return [item for item, both in zip(items, names, strict=True) if not both & excluded]

    def __getitem__(self, idx: int) -> dict:
        """The item at place `idx` after the pipeline.

        Raises:
            VideoError: Its video cannot be read as annotated (with `on_broken_video='raise'`).
            ValueError: A transform returned nothing.
        """
        info = self.get_data_info(idx)
        if 'broken' in info:
            return PackSTVGInputs()(info)
        if not self.test_mode:
            self._seed_choices(info['sample_idx'])
            if self.foreign_text_prob > 0:
                self._add_foreign_text(info)
        where = f"item {info['item_id']}, '{info['text']}'"
        try:
            data = self.pipeline(info)
        except VideoError as error:
            if self.on_broken_video == 'raise':
                message = f"{error.message} ({where}). Exclude it or set on_broken_video='skip'."
                raise VideoError(error.path, error.reason, message) from error
            self._report_video(error, where)
            return PackSTVGInputs()(dict(self.get_data_info(idx), broken=error.reason))
        if data is None:
            raise ValueError(f'{where}: the pipeline gave nothing. A transform must return the results.')
        return data

    def _seed_choices(self, idx: int):
        state = np.random.SeedSequence([*self._epoch_and_seed.tolist(), idx]).generate_state(4)
        np.random.seed(state)
        random.seed(int(state[0]))

    def _add_foreign_text(self, info: dict):
        """Add another item's sentence; none where the one that was drawn says the same."""
        if np.random.random() < self.foreign_text_prob:
            text = self.get_data_info(np.random.randint(len(self)))['text']
            if text != info['text']:
                info['foreign_text'] = text

    def _report_video(self, error: VideoError, where: str):
        """Once a video in each process; the samples themselves carry the reason on."""
        if error.path not in self._reported_videos:
            self._reported_videos.add(error.path)
            self._log(f'Skipped ({error.reason}): {error} ({where})', logging.WARNING)

    def _report_bad(self, bad: list[dict], total: int):
        counts = ', '.join(f'{reason}: {n}' for reason, n in sorted(Counter(i['broken'] for i in bad).items()))
        lines = [f'  item {i["item_id"]} ({i["video_id"]}): {i["broken_message"]}' for i in bad]
        text = f'{self.ann_file}: {len(bad)} of {total} annotations make no sense ({counts})'
        shown = '\n'.join(lines[:20] + ([f'  ... and {len(lines) - 20} more'] if len(lines) > 20 else []))
        if self.on_bad_annotation == 'raise':
            advice = "Correct them, put their videos into `exclude`, or set on_bad_annotation='skip'."
            raise ValueError(f'{text}:\n{shown}\n{advice}')
        fate = 'they count as misses' if self.test_mode else 'they are left out'
        self._log(f'{text}; {fate}:\n{shown}', logging.WARNING)

    def excluded(self) -> set[str]:
        """Names of the videos that the config excludes."""
        if not isinstance(self.exclude, str):
            return set(self.exclude)
        if not os.path.isfile(self.exclude):
            raise FileNotFoundError(f"The list of exclusions '{self.exclude}' does not exist.")
        with open(self.exclude, encoding='utf-8') as file:
            lines = [re.split(r'(?:^|\s)#', line)[0].strip() for line in file]  # names may hold a #
        return {line for line in lines if line}

    @staticmethod
    def _first_existing(ann_file: str | Sequence[str], data_root: str) -> str:
        places = [ann_file] if isinstance(ann_file, str) else list(ann_file)
        paths = [os.path.join(data_root, place) for place in places]
        for place, path in zip(places, paths, strict=True):
            if os.path.exists(path):
                return place
        raise FileNotFoundError(f'There is no annotation file at {" or ".join(paths)}; check data_root and ann_file.')

    @staticmethod
    def _log(message: str, level: int = logging.INFO):
        print_log(message, logger='current', level=level)


def mark_duplicates(items: Sequence[dict]):
    """Mark items that share an id as broken, in place: predictions and scores go by it."""
    counts = Counter(item['item_id'] for item in items)
    for item in items:
        if counts[item['item_id']] > 1 and 'broken' not in item:
            message = f'{counts[item["item_id"]]} items have the id {item["item_id"]}'
            item.update(broken='duplicate', broken_message=message)
