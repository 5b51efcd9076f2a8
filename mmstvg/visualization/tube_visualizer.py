"""Pictures and videos of tubes."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import count
from pathlib import Path

import cv2
import numpy as np
from mmengine.visualization import Visualizer
from PIL import Image

from mmstvg.datasets.video_reader import VideoReader
from mmstvg.registry import VISUALIZERS

from .gif_writer import write_gif
from .text_renderer import TextRenderer
from .time_panel import COLORS, TimePanel, draw_label
from .tube_scene import TubeScene
from .video_writer import write_video

GAP = 4  # pixels between the pictures of a contact sheet
MIN_CELL = 160  # width of a picture of a contact sheet, so that the label under it has room


@VISUALIZERS.register_module()
class TubeVisualizer(Visualizer):
    """Draws predicted and annotated tubes, with the sentence, a time bar of both spans, and the frame's number.

    The prediction is orange with a solid line, the annotation blue and dashed: apart for every kind of colour vision. A
    tube shows on the frames of its span. Frames narrower than `min_width` are enlarged, wider than `max_width` reduced.

    It also is MMEngine's visualizer: scalars and images go to its backends.

    Args:
        min_width: Smallest width of a picture, in pixels.
        max_width: Largest width of a picture, in pixels.
        font_file: A font to prefer, see `TextRenderer`.
        name: See MMEngine's `Visualizer`.
        vis_backends: See MMEngine's `Visualizer`.
        save_dir: See MMEngine's `Visualizer`.

    Raises:
        ValueError: `min_width` is not positive or above `max_width`.
        FileNotFoundError: There is no such font file.
    """

    def __init__(
        self,
        min_width: int = 320,
        max_width: int = 1920,
        font_file: str | None = None,
        name: str = 'visualizer',
        vis_backends: Sequence[dict] | None = None,
        save_dir: str | None = None,
    ):
        super().__init__(name=name, vis_backends=vis_backends, save_dir=save_dir)
        if not 0 < min_width <= max_width:
            raise ValueError(f'0 < min_width <= max_width must hold, got {min_width} and {max_width}.')
        self.min_width = min_width
        self.max_width = max_width
        self.renderer = TextRenderer(font_file)
        self._panel = lru_cache(maxsize=2)(self._make_panel)

    def draw_frame(self, image: np.ndarray, frame: int, scene: TubeScene, width: int | None = None) -> np.ndarray:
        """Draw one frame with the strip under it.

        Args:
            image: RGB uint8 `(H, W, 3)`.
            frame: Its index in the video, from 0.
            scene: What to draw.
            width: Of the picture, in pixels; by default the frame's, between `min_width` and `max_width`.

        Returns:
            RGB uint8 `(H', W', 3)`.
        """
        picture = self._draw_boxes(image, frame, scene, width)
        return np.concatenate([picture, self._panel(scene, picture.shape[1]).draw(frame)])

    def write_video(
        self,
        path: str | Path,
        images: Iterable[np.ndarray],
        scene: TubeScene,
        frames: Iterable[int] | None = None,
        fps: float | None = None,
        width: int | None = None,
    ) -> int:
        """Write an mp4 that browsers play, one frame in memory at a time.

        Args:
            path: Ends in `.mp4`.
            images: RGB uint8 `(H, W, 3)` each.
            scene: What to draw.
            frames: The index of each image in the video; all from 0 on where not given.
            fps: Of the written video; the scene's where not given, and 10 where that is not known either.
            width: See `draw_frame`.

        Returns:
            The number of frames written.

        Raises:
            ValueError: See `video_writer.write_video`.
        """
        indices = count() if frames is None else frames
        drawn = (self.draw_frame(image, frame, scene, width) for image, frame in zip(images, indices, strict=False))
        return write_video(path, drawn, fps or scene.fps or 10.0)

    def write_gif(
        self, path: str | Path, video: VideoReader, scene: TubeScene, width: int = 480, max_frames: int = 100
    ) -> int:
        """Write an animated gif of the event and a little before and after it, at most ten frames a second.

        Args:
            path: Ends in `.gif`.
            video: The open video.
            scene: What to draw; without tubes the whole video.
            width: Of the pictures, in pixels.
            max_frames: The most frames; a longer event runs faster.

        Returns:
            The number of frames written.

        Raises:
            ValueError: See `gif_writer.write_gif`.
            VideoError: The video cannot be read.
        """
        fps = scene.fps or 10.0
        start, end = scene.event(margin=0.15)
        step = max(fps / 10, (end - start) / max_frames)
        frames = np.unique(np.arange(start, end, step).astype(np.int64))
        images = (
            self.draw_frame(image, frame, scene, width)
            for image, frame in zip(video.frames(frames), frames, strict=True)
        )
        return write_gif(path, images, min(fps, 10.0))

    def save(
        self, stem: str | Path, video: VideoReader, scene: TubeScene, sheet_frames: int = 8, write_mp4: bool = True
    ) -> np.ndarray:
        """Write `STEM.png`, a contact sheet, and `STEM.mp4`, the whole video, reading frame by frame.

        Args:
            stem: Path without extension; missing folders are made.
            video: The open video.
            scene: What to draw.
            sheet_frames: Frames of the contact sheet.
            write_mp4: Whether to write the video too.

        Returns:
            The contact sheet, RGB uint8 `(H', W', 3)`.

        Raises:
            VideoError: The video cannot be read to its end.
        """
        stem = Path(stem)
        stem.parent.mkdir(parents=True, exist_ok=True)
        frames = scene.sheet_frames(sheet_frames)
        sheet = self.contact_sheet(video.frames(frames), frames, scene)
        Image.fromarray(sheet).save(f'{stem}.png')
        if write_mp4:
            self.write_video(f'{stem}.mp4', video.frames(np.arange(scene.frame_count)), scene)
        return sheet

    def contact_sheet(
        self,
        images: Iterable[np.ndarray],
        frames: Sequence[int] | np.ndarray,
        scene: TubeScene,
        columns: int = 4,
        width: int = 1600,
    ) -> np.ndarray:
        """Draw several frames side by side, with one strip under all of them.

        Args:
            images: RGB uint8 `(H, W, 3)` each, of one size.
            frames: The index of each image in the video, such as `scene.sheet_frames(8)`.
            scene: What to draw.
            columns: The most pictures in a row; fewer where they would be narrower than 160 pixels.
            width: Of the sheet in pixels, about.

        Returns:
            RGB uint8 `(H', W', 3)`.

        Raises:
            ValueError: There are no frames, or not as many images as frames.
        """
        if len(frames) == 0:
            raise ValueError('A contact sheet needs at least one frame.')
        columns = min(columns, len(frames), max(width // MIN_CELL, 1))
        cells = [self._cell(image, frame, scene, width // columns) for image, frame in zip(images, frames, strict=True)]
        cells += [np.zeros_like(cells[0])] * (-len(cells) % columns)
        rows = [np.concatenate(cells[i : i + columns], axis=1) for i in range(0, len(cells), columns)]
        strip = TimePanel(scene, rows[0].shape[1], self.renderer).draw_sheet(np.asarray(frames))
        return np.concatenate([*rows, strip])

    def _cell(self, image: np.ndarray, frame: int, scene: TubeScene, width: int) -> np.ndarray:
        picture = self._draw_boxes(image, frame, scene, width - GAP)
        label = draw_label(scene.frame_label(frame), width - GAP, self.renderer)
        return np.pad(np.concatenate([picture, label]), [(0, GAP), (0, GAP), (0, 0)])

    def _draw_boxes(self, image: np.ndarray, frame: int, scene: TubeScene, width: int | None = None) -> np.ndarray:
        """The frame at its width on the picture, with the boxes of both tubes."""
        old_height, old_width = image.shape[:2]
        width = width or min(max(old_width, self.min_width), self.max_width)
        scale = width / old_width
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        picture = cv2.resize(image, (width, max(round(old_height * scale), 1)), interpolation=method)
        thickness = max(round(width / 320), 2)
        size = np.array([width, picture.shape[0]] * 2)
        box_height, box_width = scene.ori_shape or (old_height, old_width)
        for name in scene.tubes:
            box = scene.box_at(name, frame)
            if box is not None:
                # The half pixel: boxes count from a pixel's edge, OpenCV from its middle.
                corners = box * size / ([box_width, box_height] * 2) - 0.5
                corners = corners.clip(-4 * thickness, size + 4 * thickness).round().astype(int)
                _draw_box(picture, corners, COLORS[name], thickness, dashed=name == 'truth')
        return picture

    def _make_panel(self, scene: TubeScene, width: int) -> TimePanel:
        return TimePanel(scene, width, self.renderer)


def _draw_box(image: np.ndarray, corners: np.ndarray, color: tuple[int, int, int], thickness: int, dashed: bool):
    """A box with a dark rim, so that it stands out from light and dark ground."""
    x1, y1, x2, y2 = corners.tolist()
    cv2.rectangle(image, (x1, y1), (x2, y2), (0, 0, 0), thickness + 2, cv2.LINE_AA)
    if not dashed:
        cv2.rectangle(image, (x1, y1), (x2, y2), color, thickness, cv2.LINE_AA)
        return
    for start, end in (((x1, y1), (x2, y1)), ((x2, y1), (x2, y2)), ((x2, y2), (x1, y2)), ((x1, y2), (x1, y1))):
        _draw_dashes(image, np.array(start), np.array(end), color, thickness)


def _draw_dashes(image: np.ndarray, start: np.ndarray, end: np.ndarray, color: tuple[int, int, int], thickness: int):
    """A line of dashes and gaps of equal length that begins and ends with a dash."""
    pieces = 2 * max(round(np.abs(end - start).sum() / (8 * thickness)), 1) + 1
    stops = start + (end - start) * np.linspace(0, 1, pieces + 1)[:, None]
    for first, last in zip(stops[0::2], stops[1::2], strict=True):
        cv2.line(image, first.round().astype(int), last.round().astype(int), color, thickness, cv2.LINE_AA)
