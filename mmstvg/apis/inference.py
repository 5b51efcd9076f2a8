"""One call from a model to tubes."""

from collections.abc import Sequence

from mmstvg.models.grounders import BaseGrounder

from .stvg_inferencer import STVGInferencer
from .video_queries import Video


def inference(
    model: BaseGrounder,
    inputs: Video | Sequence[Video],
    texts: str | Sequence[str | Sequence[str]] | None = None,
    fps: float | None = None,
) -> list[dict]:
    """Find what sentences describe, with a model from `init_model`.

    Args:
        model: The model.
        inputs: A video or a list of videos, see `STVGInferencer.__call__`.
        texts: The sentences, see there.
        fps: Frames a second of frames given as arrays.

    Returns:
        One prediction a video and sentence, see there.

    Raises:
        VideoError: A video is missing, empty, broken, or no video; names it.
        ValueError: An empty sentence, numbers that do not fit, frames of another kind or without `fps`.
    """
    return STVGInferencer(model)(inputs, texts, show_progress=False, fps=fps)['predictions']
