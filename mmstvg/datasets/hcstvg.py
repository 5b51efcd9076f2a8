"""HC-STVG 1 and 2."""

import os
from typing import Any

import numpy as np

from mmstvg.registry import DATASETS
from mmstvg.structures import Tube

from .base_stvg_dataset import BaseSTVGDataset
from .file_index import VIDEO_SUFFIXES, index_files
from .json_file import JSONObject, read_json


@DATASETS.register_module()
class HCSTVGDataset(BaseSTVGDataset):
    """HC-STVG 1 and 2: clips of 20 seconds around people.

    The annotation file is an object keyed by the video's file name. Both versions' keys are read: `caption` or
    `English`, `width` and `height` or `img_size` `[h, w, ...]`. The event starts at `st_frame` (from 1) and lasts as
    long as there are entries in `bbox` (`[x, y, w, h]`, or `[]` on a frame without a box), whatever `ed_frame` and the
    times say. Items without `st_frame` are queries without ground truth. Sentences are lower-cased, nothing else.

    Sampling is open to frames `0 … frame_count - 2`: the reference leaves the last one out. Item ids count the entries
    of the file from 0.

    Args:
        ann_file: See `BaseSTVGDataset`.
        data_root: See `BaseSTVGDataset`.
        data_prefix: See `BaseSTVGDataset`.
        pipeline: See `BaseSTVGDataset`.
        test_mode: See `BaseSTVGDataset`.
        exclude: See `BaseSTVGDataset`.
        on_broken_video: See `BaseSTVGDataset`.
        on_bad_annotation: See `BaseSTVGDataset`.
        duration: Seconds of every video; with the number of frames it gives the frame rate. None for data in this
            format whose videos differ: each video then says its own.
        foreign_text_prob: See `BaseSTVGDataset`.
        indices: See `BaseSTVGDataset`.
        serialize_data: See `BaseSTVGDataset`.
        lazy_init: See `BaseSTVGDataset`.
        metainfo: See `BaseSTVGDataset`.

    Raises:
        ValueError: The file is no object keyed by video, or an annotation makes no sense.
    """

    METAINFO = dict(dataset_type='hcstvg', qtypes=())
    unused_frames = 1

    def __init__(
        self,
        ann_file,
        data_root='',
        data_prefix=None,
        pipeline=(),
        test_mode=False,
        exclude=(),
        on_broken_video='raise',
        on_bad_annotation='raise',
        duration: float | None = 20.0,
        foreign_text_prob=0.0,
        indices=None,
        serialize_data=True,
        lazy_init=False,
        metainfo=None,
    ):
        self.duration = duration
        super().__init__(
            ann_file=ann_file,
            data_root=data_root,
            data_prefix=data_prefix,
            pipeline=pipeline,
            test_mode=test_mode,
            exclude=exclude,
            on_broken_video=on_broken_video,
            on_bad_annotation=on_bad_annotation,
            foreign_text_prob=foreign_text_prob,
            indices=indices,
            serialize_data=serialize_data,
            lazy_init=lazy_init,
            metainfo=metainfo,
        )

    def load_data_list(self) -> list[dict]:
        """One item an entry."""
        entries = read_json(self.ann_file, keep_repeated=True)
        if not isinstance(entries, JSONObject):
            raise ValueError(f'{self.ann_file} is not in the format of HC-STVG: an object keyed by video file name.')
        videos = index_files(self.data_prefix['video'], VIDEO_SUFFIXES)
        items = []
        for item_id, (name, entry) in enumerate(entries.items()):
            item = dict(item_id=item_id, video_id=name, video_path=self._video_path(name, videos), text='', qtype=None)
            if name in entries.repeated:
                item.update(broken='duplicate', broken_message='the file has several entries of this name')
            else:
                item.update(self._read_entry(entry))
            items.append(item)
        return items

    def _read_entry(self, entry: dict) -> dict:
        """What an entry says, or that it is malformed."""
        try:
            return self._parse_entry(entry)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            return dict(broken='entry', broken_message=f'the entry is malformed: {error!r}')

    def _parse_entry(self, entry: dict) -> dict:
        sentence = entry.get('caption') or entry.get('English') or ''
        item: dict[str, Any] = dict(text=sentence.lower())
        if entry.get('img_size') is not None:
            item['ori_shape'] = tuple(int(side) for side in entry['img_size'][:2])
        elif entry.get('width') is not None:
            item['ori_shape'] = (int(entry['height']), int(entry['width']))
        if entry.get('img_num') is not None:
            frame_count = int(entry['img_num'])
            item.update(frame_count=frame_count, segment=(0, max(frame_count - self.unused_frames, 1)))
            if self.duration is not None:
                item['fps'] = frame_count / self.duration
        else:
            item.update(duration=self.duration, unused_frames=self.unused_frames)
        problem = self._problem(item, entry)
        if problem is not None:
            item.update(broken=problem[0], broken_message=problem[1])
        elif entry.get('st_frame') is not None:
            item['gt_tube'] = self._tube(entry)
        return item

    def _video_path(self, name: str, videos: dict[str, str]) -> str:
        """The named file; where it is not there, one of another suffix (a transcoded copy)."""
        path = os.path.join(self.data_prefix['video'], name)
        if os.path.isfile(path):
            return path
        stem = os.path.splitext(name)[0]
        beside = (os.path.splitext(path)[0] + suffix for suffix in VIDEO_SUFFIXES)  # of a name with folders
        return videos.get(stem) or next(filter(os.path.isfile, beside), path)

    @staticmethod
    def _event(entry: dict) -> tuple[int, int]:
        start = int(entry['st_frame']) - 1
        if entry.get('bbox') is not None:
            return start, start + len(entry['bbox'])
        return start, int(entry['ed_frame'])

    def _problem(self, item: dict, entry: dict) -> tuple[str, str] | None:
        """A word and a sentence on what makes the entry unusable."""
        frame_count = item.get('frame_count')
        if not item['text'].strip():
            return 'sentence', 'the sentence is empty'
        if frame_count is not None and frame_count < 1:
            return 'entry', f'the video has {frame_count} frames (img_num)'
        if entry.get('st_frame') is None:
            return None
        if entry.get('bbox') is None and entry.get('ed_frame') is None:
            return 'event', 'the event has a start (st_frame), but no end (bbox or ed_frame)'
        if any(len(box) not in (0, 4) for box in entry.get('bbox') or ()):
            return 'boxes', 'bbox has an entry that is not [x, y, w, h]'
        start, end = self._event(entry)
        if start < 0 or end <= start:
            return 'event', f'the event is frames {start} to {end - 1}, which is empty or starts before the video'
        if frame_count is not None and end > frame_count:
            return 'event', f'the event is frames {start} to {end - 1}, but the video has {frame_count} frames'
        return None

    def _tube(self, entry: dict) -> Tube:
        start, end = self._event(entry)
        listed = entry.get('bbox') or []
        frames = np.array([start + i for i, box in enumerate(listed) if len(box)])
        boxes = np.array([box for box in listed if len(box)], dtype=np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        return Tube((start, end), frames, boxes)
