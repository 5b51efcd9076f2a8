"""Pictures of one answer."""

import numpy as np

from mmstvg.datasets import VideoReader
from mmstvg.structures import Tube
from mmstvg.visualization import TubeScene, TubeVisualizer, draw_timeline, overlay_heat

from .prediction import frame_scores_of


def make_scene(prediction: dict, gt_tube: Tube | None = None) -> TubeScene:
    """What there is to draw about a prediction."""
    return TubeScene(
        text=prediction['text'],
        frame_count=prediction['frame_count'],
        fps=prediction['fps'],
        pred_tube=Tube.from_dict(prediction),
        gt_tube=gt_tube,
        score=prediction['score'],
        ori_shape=tuple(prediction['size']),
    )


def draw_pictures(
    prediction: dict, video: VideoReader, visualizer: TubeVisualizer, gt_tube: Tube | None = None
) -> dict[str, np.ndarray]:
    """Pictures of a prediction, RGB uint8: `sheet` (frames with boxes) and `timeline` (the scores over time)."""
    scene = make_scene(prediction, gt_tube)
    frames = scene.sheet_frames(8)
    return {
        'sheet': visualizer.contact_sheet(video.frames(frames), frames, scene),
        'timeline': draw_timeline(scene, frame_scores_of(prediction), renderer=visualizer.renderer),
    }


def draw_attention(
    prediction: dict, video: VideoReader, attention: dict[str, np.ndarray], visualizer: TubeVisualizer
) -> np.ndarray:
    """Up to eight sampled frames of the span with where the decoder looked: RGB uint8."""
    scene = make_scene(prediction)
    inside = np.flatnonzero(scene.tubes['prediction'].contains(attention['frame_ids']))
    places = inside[np.unique(np.linspace(0, len(inside) - 1, 8).round().astype(int))]
    frames, maps = attention['frame_ids'][places], attention['maps'][places]
    images = (overlay_heat(image, heat) for image, heat in zip(video.frames(frames), maps, strict=True))
    return visualizer.contact_sheet(images, frames, scene)
