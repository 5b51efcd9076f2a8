"""VidSTG."""

import os
from collections import Counter

import numpy as np

from mmstvg.registry import DATASETS
from mmstvg.structures import Tube

from .base_stvg_dataset import BaseSTVGDataset
from .file_index import VIDEO_SUFFIXES, index_files
from .index_cache import cached
from .vidstg_annotations import clean_sentence, is_sound, read_pairs

_FORMAT = 1  # of the cached list; count up when its content changes


@DATASETS.register_module()
class VidSTGDataset(BaseSTVGDataset):
    """VidSTG: declarative and interrogative sentences on parts of VidOR's videos.

    Reads the official sentences (`sent_annos/{split}_annotations.json`) with VidOR's boxes, flat or in VidOR's own
    folder tree, or the merged file (`vstg_annos/{split}.json`); which one it is the content says, the items are the
    same. Each caption and then each question of each entry is a pair of a video and a sentence; item ids count all
    pairs, usable or not. As in the reference pairs are dropped whose event does not meet the used segment or runs past
    it, and those without a box on every frame; how many and why is logged.

    Args:
        ann_file: See `BaseSTVGDataset`.
        data_root: See `BaseSTVGDataset`.
        data_prefix: `video`, the folder of the videos (flat or a tree), and `boxes`, the folder of VidOR's files.
            Without `boxes` official sentences give tubes that have a span but no boxes.
        pipeline: See `BaseSTVGDataset`.
        test_mode: See `BaseSTVGDataset`.
        exclude: See `BaseSTVGDataset`.
        on_broken_video: See `BaseSTVGDataset`.
        on_bad_annotation: See `BaseSTVGDataset`.
        cache_dir: Folder, below `data_root`, of a list of the parsed pairs that is made once. None parses every time.
        foreign_text_prob: See `BaseSTVGDataset`.
        indices: See `BaseSTVGDataset`.
        serialize_data: See `BaseSTVGDataset`.
        lazy_init: See `BaseSTVGDataset`.
        metainfo: See `BaseSTVGDataset`.

    Raises:
        ValueError: The file is in no known format, or an annotation makes no sense.
        FileNotFoundError: There is no annotation file or no folder of boxes.
    """

    METAINFO = dict(dataset_type='vidstg', qtypes=('declar', 'inter'))

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
        cache_dir: str | None = None,
        foreign_text_prob=0.0,
        indices=None,
        serialize_data=True,
        lazy_init=False,
        metainfo=None,
    ):
        self.cache_dir = None if cache_dir is None else os.path.join(data_root, cache_dir)
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
        """One item a usable pair."""
        pairs = self._read_pairs()
        self.dropped = [(pair['id'], pair['vid'], pair['dropped']) for pair in pairs if pair['dropped']]
        if self.dropped:
            counts = Counter(reason for _, _, reason in self.dropped)
            reasons = ', '.join(f'{reason}: {count}' for reason, count in sorted(counts.items()))
            self._log(f'{self.ann_file}: {len(self.dropped)} of {len(pairs)} pairs cannot be used ({reasons}).')
        folder = self.data_prefix['video']
        videos = index_files(folder, VIDEO_SUFFIXES)
        kept = [pair for pair in pairs if not pair['dropped']]
        return [self._item(pair, videos.get(pair['vid'], os.path.join(folder, f'{pair["vid"]}.mp4'))) for pair in kept]

    def _read_pairs(self) -> list[dict]:
        """Pairs with boxes as arrays `(n, 4)`, from the cache if it is of these sources."""
        box_folder = self.data_prefix.get('boxes')
        if self.cache_dir is None:
            plain, arrays = self._parse_files()
        else:
            files = sorted(index_files(box_folder, ('.json',)).values()) if box_folder else []
            options = {'format': _FORMAT, 'with_boxes': box_folder is not None}
            name = os.path.splitext(os.path.basename(self.ann_file))[0]
            path = os.path.join(self.cache_dir, f'vidstg_{name}.npz')
            plain, arrays = cached(path, options, [self.ann_file, *files], self._parse_files)
        ends = np.cumsum(arrays['counts'])
        for pair, boxes in zip(plain['pairs'], np.split(arrays['boxes'], ends[:-1]), strict=True):
            pair['boxes'] = boxes
        return plain['pairs']

    def _parse_files(self) -> tuple[dict, dict]:
        pairs = read_pairs(self.ann_file, self.data_prefix.get('boxes'))
        boxes = [np.array(pair.pop('boxes') or [], dtype=np.float32).reshape(-1, 4) for pair in pairs]
        return {'pairs': pairs}, {'boxes': np.concatenate(boxes), 'counts': np.array([len(box) for box in boxes])}

    def _item(self, pair: dict, video_path: str) -> dict:
        segment, (begin, end) = pair['segment'], pair['event']
        item = dict(
            item_id=pair['id'],
            video_id=pair['vid'],
            video_path=video_path,
            text=clean_sentence(pair['sentence']),
            qtype=pair['qtype'],
            fps=pair['fps'],
            ori_shape=(pair['height'], pair['width']),
            segment=(segment[0], segment[1] + 1),
        )
        if 'frame_count' in pair:
            item['frame_count'] = pair['frame_count']
        end = min(end, segment[1])
        if not item['text']:
            item.update(broken='sentence', broken_message=f'no word is left of the sentence {pair["sentence"]!r}')
        elif not is_sound((begin, end)):
            item.update(broken='event', broken_message=f'the event is frames {begin} to {end}, which holds none')
        else:
            frames = np.arange(begin, begin + len(pair['boxes']))
            item['gt_tube'] = Tube((begin, end + 1), frames, pair['boxes'])
        return item
