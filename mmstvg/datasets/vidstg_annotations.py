"""Readers of VidSTG's annotation files. All give the same pairs of a video and a sentence."""

import os
import re
from collections import defaultdict
from collections.abc import Callable

from tqdm import tqdm

from .file_index import index_files
from .json_file import read_json

# Misspellings of the published sentences that are known.
SPELLING = {'dimgrey': 'gray', 'waering': 'wearing'}

# Why a pair cannot be used; the first two are the reference's own rule.
OUTSIDE = 'the event lies outside the used segment'
PAST = 'the event runs past the used segment'
NO_BOX = 'a box is missing inside the event'
NO_FILE = "VidOR's file of the video is not among the boxes"


def clean_sentence(sentence: str, spelling: dict[str, str] = SPELLING) -> str:
    """Words in lower case joined by blanks: no punctuation, no words without a letter, known misspellings put right."""
    words = [word.lower() for word in re.split(r'\W+', sentence) if any(letter.isalpha() for letter in word)]
    return ' '.join(spelling.get(word, word) for word in words)


def is_sound(event: tuple[int, int]) -> bool:
    """Whether an event, both ends inclusive, has a frame and starts in the video."""
    return 0 <= event[0] <= event[1]


def read_pairs(ann_file: str, box_folder: str | None) -> list[dict]:
    """Read one file of sentences, official or merged.

    Args:
        ann_file: `sent_annos/{split}_annotations.json`, or the merged `vstg_annos/{split}.json`.
        box_folder: VidOR's files, flat or in VidOR's own tree; only read for official sentences. None leaves the pairs
            without boxes.

    Returns:
        A dictionary for each pair, in order of `id`: `id, vid, fps, height, width, segment (begin, end), event (begin,
        end)`, both inclusive as in the files, `qtype, sentence, boxes (a list of [x1, y1, x2, y2], or None where there
        are none)`, and `frame_count` where the file says it. `dropped` says why a pair cannot be used.

    Raises:
        ValueError: The file is in neither format.
        FileNotFoundError: The folder of boxes is not there.
    """
    entries = read_json(ann_file)
    if isinstance(entries, dict):
        entries = list(entries.values())
    if not entries or not isinstance(entries[0], dict):
        raise ValueError(f'{ann_file} holds no entries of VidSTG.')
    pairs = _pairs_of(entries, ann_file)
    if 'target_id' in pairs[0] and box_folder is not None:
        _add_boxes(pairs, box_folder)
    for pair in pairs:
        pair.setdefault('dropped', _why_dropped(pair))
    return pairs


def _pairs_of(entries: list[dict], ann_file: str) -> list[dict]:
    if 'captions' in entries[0]:
        read_entry: Callable[[dict, int], list[dict]] = _official_pairs
    elif 'target_bboxs' in entries[0]:
        read_entry = _merged_pairs
    else:
        raise ValueError(f'{ann_file} is neither in the format of sent_annos nor of vstg_annos.')
    pairs: list[dict] = []
    for place, entry in enumerate(entries):
        try:
            pairs += read_entry(entry, len(pairs))
        except (KeyError, TypeError) as error:
            name = entry.get('vid') if isinstance(entry, dict) else None
            raise ValueError(f'{ann_file}: entry {place} (video {name}) is malformed: {error!r}.') from error
    if not pairs:
        raise ValueError(f'{ann_file} holds no sentences.')
    return pairs


def _official_pairs(entry: dict, first_id: int) -> list[dict]:
    event, segment = entry['temporal_gt'], entry['used_segment']
    last = entry['frame_count'] - 1
    sentences = [('declar', caption) for caption in entry['captions']]
    sentences += [('inter', question) for question in entry['questions']]
    return [
        {
            'id': first_id + i,
            'vid': entry['vid'],
            'fps': entry['fps'],
            'frame_count': entry['frame_count'],
            'height': entry['height'],
            'width': entry['width'],
            'segment': (segment['begin_fid'], min(segment['end_fid'], last)),
            'event': (event['begin_fid'], min(event['end_fid'], last)),
            'qtype': qtype,
            'sentence': sentence['description'],
            'target_id': sentence['target_id'],
            'boxes': None,
        }
        for i, (qtype, sentence) in enumerate(sentences)
    ]


def _add_boxes(pairs: list[dict], box_folder: str):
    """Find each target's boxes in the video's file."""
    if not os.path.isdir(box_folder):
        raise FileNotFoundError(f"There is no folder '{box_folder}' with VidOR's boxes; check data_prefix.")
    paths = index_files(box_folder, ('.json',))
    by_video = defaultdict(list)
    for pair in pairs:
        by_video[pair['vid']].append(pair)
    for vid, group in tqdm(by_video.items(), desc="VidOR's boxes", disable=len(by_video) < 100):
        if vid not in paths:
            for pair in group:
                pair['dropped'] = NO_FILE
            continue
        trajectories = read_json(paths[vid])['trajectories']
        for pair in filter(lambda pair: is_sound(pair['event']), group):
            pair['boxes'] = _target_boxes(trajectories, pair['target_id'], *pair['event'])
            if pair['boxes'] is None:
                pair['dropped'] = NO_BOX


def _target_boxes(trajectories: list, target_id: int, begin: int, end: int) -> list | None:
    """Boxes of one object on the frames `begin … end`; one missing on the last frame repeats the one before."""
    boxes = []
    for frame in trajectories[begin : end + 1]:
        box = next((entry['bbox'] for entry in frame if entry['tid'] == target_id), None)
        boxes.append(None if box is None else _corners(box))
    if len(boxes) == end - begin and boxes:  # the file ends a frame early
        boxes.append(None)
    if len(boxes) > 1 and boxes[-1] is None:
        boxes[-1] = boxes[-2]
    return None if None in boxes or len(boxes) <= end - begin else boxes


def _merged_pairs(entry: dict, next_id: int) -> list[dict]:
    segment, event, sentence = entry['used_segment'], entry['ori_temp_gt'], entry['sentence']
    pair = {
        'id': entry.get('id', next_id),
        'vid': entry['vid'],
        'fps': entry['fps'],
        'height': entry['height'],
        'width': entry['width'],
        'segment': (segment['begin_fid'], segment['end_fid']),
        'event': (event['begin_fid'], event['end_fid']),
        'qtype': entry['qtype'],
        'sentence': sentence['description'] if isinstance(sentence, dict) else sentence,
        'boxes': [_corners(box) for box in entry['target_bboxs']],
    }
    return [pair]


def _corners(box: dict | list) -> list[float]:
    return [box['xmin'], box['ymin'], box['xmax'], box['ymax']] if isinstance(box, dict) else list(box)


def _why_dropped(pair: dict) -> str | None:
    """The reference's rule: the event must meet the segment, and have a box for each frame up to the segment's end."""
    (begin, end), (segment_begin, segment_end) = pair['event'], pair['segment']
    if not is_sound(pair['event']):
        return None  # senseless rather than unusable: the data set says so
    if begin > segment_end or end < segment_begin:
        return OUTSIDE
    kept = min(end, segment_end) - begin + 1
    if pair['boxes'] is None:
        return PAST if end > segment_end else None
    if len(pair['boxes']) == kept:
        return None
    return PAST if len(pair['boxes']) > kept else NO_BOX
