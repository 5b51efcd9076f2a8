"""Merge VidSTG's sentences and VidOR's boxes into one file a split, as CG-STVG and STCAT read it.

    python tools/dataset_tools/merge_vidstg.py data/vidstg

Reads `sent_annos/{split}_annotations.json` and `bbox_annos` (flat or in VidOR's own folder tree), writes
`vstg_annos/{split}.json` and checks that it gives the same items.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from mmstvg.datasets.json_file import read_json
from mmstvg.datasets.vidstg_annotations import read_pairs
from mmstvg.utils.atomic_file import write_text_atomically

SPLITS = ('train', 'val', 'test')
COMPARED = ('id', 'vid', 'fps', 'height', 'width', 'segment', 'qtype', 'sentence', 'dropped', 'boxes')


def merge(entries: list[dict], pairs: list[dict]) -> Iterator[dict]:
    """One object a pair, in the order of ids. Pairs without all their boxes have none."""
    sentences = [(entry, sentence) for entry in entries for sentence in entry['captions'] + entry['questions']]
    for (entry, sentence), pair in zip(sentences, pairs, strict=True):
        categories = {thing['tid']: thing['category'] for thing in entry['subject/objects']}
        (begin, end), (first, last) = pair['event'], pair['segment']
        yield {
            'vid': pair['vid'],
            'fps': pair['fps'],
            'used_segment': {'begin_fid': first, 'end_fid': last},
            'width': pair['width'],
            'height': pair['height'],
            'ori_temp_gt': entry['temporal_gt'],
            'frame_count': last - first + 1,
            'temp_gt': {'begin_fid': begin, 'end_fid': end},
            'id': pair['id'],
            'qtype': pair['qtype'],
            'sentence': sentence,
            'target_category': categories.get(sentence['target_id']),
            'target_bboxs': pair['boxes'] or [],
        }


def check(path: Path, pairs: list[dict]):
    """Compare what the written file gives with what it was made of.

    Raises:
        ValueError: They differ.
    """
    for pair, read in zip(pairs, read_pairs(str(path), None), strict=True):
        for key in COMPARED:
            expected = (pair[key] or []) if key == 'boxes' else pair[key]
            if read[key] != expected and not (key == 'dropped' and expected and read[key]):
                raise ValueError(f'{path}: pair {pair["id"]} has another {key} than its sources. Please report it.')


def main() -> None:
    """Merge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data_root', type=Path)
    parser.add_argument('--splits', nargs='+', default=SPLITS, choices=SPLITS)
    args = parser.parse_args()
    for split in args.splits:
        source = args.data_root / 'sent_annos' / f'{split}_annotations.json'
        pairs = read_pairs(str(source), str(args.data_root / 'bbox_annos'))
        target = args.data_root / 'vstg_annos' / f'{split}.json'
        write_text_atomically(target, json.dumps(list(merge(read_json(str(source)), pairs))))
        check(target, pairs)
        dropped = Counter(pair['dropped'] for pair in pairs if pair['dropped'])
        print(f'{target}: {len(pairs)} pairs, {len(pairs) - sum(dropped.values())} of them usable')
        for reason, count in dropped.most_common():
            print(f'  {count}: {reason}')


if __name__ == '__main__':
    main()
