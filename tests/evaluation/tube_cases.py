import gzip
import json
from pathlib import Path

import numpy as np

from mmstvg.structures import Tube

DATA = Path(__file__).parents[1] / 'data'


def recorded(name):
    with gzip.open(DATA / f'metric_{name}.json.gz', 'rt') as file:
        return json.load(file)


def tubes(item):
    start, last = item['gt_span']
    gt = Tube((start, last + 1), np.arange(start, last + 1), item['gt_boxes'])
    return Tube(item['pred_span'], np.arange(item['frame_count']), item['pred_boxes']), gt


def still_tube(span, frames=None, box=(10, 10, 30, 30)):
    frames = np.arange(*span) if frames is None else np.array(frames)
    return Tube(span, frames, np.tile(box, (len(frames), 1)))
