"""A grounder that finds red squares by their colour: right on every clip, so that what is around it can be tested."""

import numpy as np
from mmengine.config import Config

from mmstvg.models.grounders import BaseGrounder
from mmstvg.structures import FrameScores, STVGDataSample, Tube

PIPELINE = [
    dict(type='LoadVideoInfo'),
    dict(type='SampleFramesByFPS', target_fps=10.0),
    dict(type='DecodeFrames'),
    dict(type='PackSTVGInputs'),
]


class RedSquareGrounder(BaseGrounder):
    """Answers the longest run of frames with a red square, with a score by how much of the clip's middle is in it."""

    def __init__(self, window: float = 6.0, interleave: int = 1):
        super().__init__(None, dict(interleave=interleave), None)
        self.cfg = Config(
            dict(
                test_dataloader=dict(dataset=dict(type='VidSTGDataset', pipeline=PIPELINE)),
                inference_cfg=dict(window=window),
            )
        )
        self.clips = []  # the frames of each clip that it has seen
        self.runs = []  # as how many clips the model would have run each

    def see(self, inputs, data_samples):
        raise NotImplementedError

    def fuse(self, maps, data_samples):
        raise NotImplementedError

    def predict_texts(self, inputs, data_samples, texts, interleave=None):
        self.runs += [interleave] * len(inputs)
        return [
            [self._find(clip.numpy().astype(int), sample, text) for text in own]
            for clip, sample, own in zip(inputs, data_samples, texts, strict=True)
        ]

    def _find(self, clip: np.ndarray, sample: STVGDataSample, text: str) -> STVGDataSample:
        frames = sample.frame_ids
        self.clips.append(frames)
        red = (clip[:, 0] > 180) & (clip[:, 1] < 90)  # T H W
        shown = red.sum(axis=(1, 2)) > 30
        boxes = np.stack([_box(mask) for mask in red])
        inside = np.flatnonzero(shown)
        first, last = (inside[0], inside[-1]) if len(inside) else (0, min(3, len(frames) - 1))
        answer = STVGDataSample(metainfo=dict(sample.metainfo_items()))
        answer.set_metainfo(dict(text=text))
        answer.pred_tube = Tube((frames[first], frames[last] + 1), frames, boxes)
        answer.score = 0.1 + 0.8 * len(inside) / len(frames)
        values = shown.astype(np.float32)
        answer.pred_frames = FrameScores(frames, values, values, values, None)
        return answer


def _box(mask: np.ndarray) -> np.ndarray:
    rows, columns = np.nonzero(mask)
    if len(rows) == 0:
        return np.array([0, 0, 1, 1], dtype=np.float32)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], dtype=np.float32)
