"""One answer as plain data."""

from contextlib import AbstractContextManager, nullcontext

import numpy as np

from mmstvg.datasets import VideoReader, open_video
from mmstvg.evaluation.predictions_file import prediction_record, shortest_decimals
from mmstvg.structures import FrameScores, Tube


def make_prediction(
    tube: Tube,
    score: float,
    frames: FrameScores,
    clip: tuple[int, int],
    clips: list[tuple[int, int]],
    video: dict,
    text: str,
) -> dict:
    """What `STVGInferencer` returns about one sentence: a record of the predictions file and more.

    Args:
        tube: The tube.
        score: Its score.
        frames: Scores of the sampled frames.
        clip: The range of frames that answered.
        clips: Ranges of frames that the model ran on.
        video: `item_id, video_id, video_path, fps, frame_count, ori_shape`.
        text: The sentence.

    Returns:
        Plain lists and numbers, see `STVGInferencer`.
    """
    record = prediction_record(tube, video['item_id'], video['video_id'], text, video['fps'], score)
    scores = {name: getattr(frames, name) for name in ('start', 'end', 'actioness', 'confidence')}
    decimals = {name: None if values is None else shortest_decimals(values) for name, values in scores.items()}
    return {
        **record,
        'video_path': video['video_path'],
        'fps': video['fps'],
        'frame_count': video['frame_count'],
        'size': list(video['ori_shape']),
        'frames': {'frame_ids': frames.frame_ids.tolist(), **decimals},
        'clip': list(clip),
        'clips': [list(clip) for clip in clips],
    }


def frame_scores_of(prediction: dict) -> FrameScores:
    """The scores of the frames that `make_prediction` wrote."""
    frames = dict(prediction['frames'])
    confidence = frames.pop('confidence')
    arrays = {name: np.array(value) for name, value in frames.items()}
    return FrameScores(**arrays, confidence=None if confidence is None else np.array(confidence))


def open_video_of(prediction: dict, video: VideoReader | None, backend: str) -> AbstractContextManager[VideoReader]:
    """The video of a prediction: `video`, which stays open, or else the file, which is closed at the end.

    Raises:
        ValueError: The prediction was made on frames in memory, and there is no `video`.
    """
    if video is not None:
        return nullcontext(video)
    if prediction['video_path'] is None:
        raise ValueError(
            f'{prediction["video_id"]} was given as frames in memory; give an `ArrayReader` as `video`, too.'
        )
    return open_video(prediction['video_path'], backend)
