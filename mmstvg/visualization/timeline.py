"""A plot of what the model says over time."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmstvg.structures import FrameScores

from .text_renderer import TextRenderer
from .time_panel import BACKGROUND, COLORS, TEXT, draw_sentence, letter_size
from .tube_scene import TubeScene

# Okabe and Ito's palette again; the lines differ in style, too.
_LINES = {
    'actioness': ((0, 158, 115), '-'),
    'confidence': ((204, 121, 167), '--'),
    'start': ((240, 228, 66), '-'),
    'end': ((213, 94, 0), '--'),
}
_PANELS = (('event and box', ('actioness', 'confidence')), ('first and last frame', ('start', 'end')))
_DPI = 100


def draw_timeline(
    scene: TubeScene, scores: FrameScores, width: int = 1200, renderer: TextRenderer | None = None
) -> np.ndarray:
    """Plot actioness, confidence, and the probabilities of start and end over a video, with the spans behind them.

    Args:
        scene: Sentence, tubes, length and frame rate of the video.
        scores: Scores of the sampled frames.
        width: Of the picture in pixels, at least 300.
        renderer: Draws the sentence.

    Returns:
        RGB uint8 `(H, width, 3)`.

    Raises:
        ValueError: `width` is too small.
    """
    if width < 300:
        raise ValueError(f'A timeline needs a width of at least 300 pixels, got {width}.')
    title = draw_sentence(scene.text, width, 2, renderer or TextRenderer())
    return np.concatenate([title, _plot(scene, scores, width, max(width // 2, 300))])


def _plot(scene: TubeScene, scores: FrameScores, width: int, height: int) -> np.ndarray:
    figure = Figure((width / _DPI, height / _DPI), dpi=_DPI, facecolor=_color(BACKGROUND), layout='constrained')
    canvas = FigureCanvasAgg(figure)  # no pyplot: its state is one for all threads
    panels = figure.subplots(len(_PANELS), 1, sharex=True)
    size = letter_size(width) * 0.6
    scale = 1.0 if scene.fps is None else 1 / scene.fps
    for axes, (title, names) in zip(panels, _PANELS, strict=True):
        for name, tube in scene.tubes.items():
            start, end = tube.span
            axes.axvspan(start * scale, end * scale, color=_color(COLORS[name]), alpha=0.35, lw=0, label=name)
        for name in names:
            values = getattr(scores, name)
            if values is not None:
                color, style = _LINES[name]
                axes.plot((scores.frame_ids + 0.5) * scale, values, style, color=_color(color), lw=size / 5, label=name)
        axes.set_xlim(0, scene.frame_count * scale)
        axes.set_ylim(0, 1.02 if 'actioness' in names else 1.1 * max(scores.start.max(), scores.end.max(), 0.01))
        axes.set_ylabel(title, color=_color(TEXT), fontsize=size)
        axes.set_facecolor(_color(BACKGROUND))
        axes.tick_params(colors=_color(TEXT), labelsize=size)
        axes.grid(color=_color(TEXT), alpha=0.2)
        axes.legend(
            loc='upper left',
            bbox_to_anchor=(1, 1),
            fontsize=size,
            facecolor=_color(BACKGROUND),
            labelcolor=_color(TEXT),
        )
    panels[-1].set_xlabel('frame' if scene.fps is None else 'seconds', color=_color(TEXT), fontsize=size)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _color(rgb: tuple[int, int, int]) -> tuple[float, ...]:
    return tuple(value / 255 for value in rgb)
