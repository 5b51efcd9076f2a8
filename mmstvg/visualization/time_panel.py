"""The strip under a frame: sentence, time bar, frame number."""

import numpy as np
from PIL import Image, ImageDraw

from .text_renderer import TextRenderer
from .tube_scene import TubeScene

# Blue and orange of Okabe and Ito's palette: apart for every kind of colour vision and in grey.
COLORS = {'truth': (86, 180, 233), 'prediction': (230, 159, 0)}
BACKGROUND, TEXT, TRACK = (24, 24, 24), (240, 240, 240), (80, 80, 80)
MAX_LINES = 5


class TimePanel:
    """The strip under the frames of one scene. What stays the same on all of them is drawn once.

    Args:
        scene: What to draw.
        width: Width of the strip in pixels.
        renderer: Draws the letters.
    """

    def __init__(self, scene: TubeScene, width: int, renderer: TextRenderer):
        self.scene, self.width, self.renderer = scene, width, renderer
        self.letter_size = letter_size(width)
        self.margin = max(self.letter_size // 2, 4)
        self.line_height = renderer.line_height(self.letter_size)
        self.lines = renderer.wrap(scene.text, self.letter_size, width - 2 * self.margin, MAX_LINES)
        labels = [renderer.width(scene.span_label(name), self.letter_size) for name in scene.tubes]
        beside = max(labels, default=0) < width * 0.45  # labels beside the bars where there is room, else above
        self.bar_left = round(max(labels) + 2 * self.margin) if labels and beside else self.margin
        self.bars_top = self.margin + self.line_height * len(self.lines) + self.margin // 2
        self.row_height = self.line_height if beside else 2 * self.line_height
        self.info_top = self.bars_top + self.row_height * len(scene.tubes) + self.margin // 2
        self.height = self.info_top + self.line_height + self.margin // 2
        self._still = self._draw_still()

    def draw(self, frame: int) -> np.ndarray:
        """The strip for one frame: RGB uint8 `(height, width, 3)`."""
        image = Image.fromarray(self._still)
        canvas = ImageDraw.Draw(image)
        label = self.scene.frame_label(frame)
        self.renderer.draw(image, (self.margin, self.info_top), label, self.letter_size, TEXT)
        self._mark(canvas, frame, half=max(self.letter_size // 12, 1))
        return np.asarray(image)

    def draw_sheet(self, frames: np.ndarray) -> np.ndarray:
        """The strip of a contact sheet, with a tick for each of its frames: RGB uint8 `(height, width, 3)`."""
        image = Image.fromarray(self._still)
        canvas = ImageDraw.Draw(image)
        last = self.scene.frame_label(self.scene.frame_count - 1)
        self.renderer.draw(image, (self.margin, self.info_top), f'to {last}', self.letter_size, TEXT)
        for frame in frames:
            self._mark(canvas, frame, half=0)
        return np.asarray(image)

    def _mark(self, canvas: ImageDraw.ImageDraw, frame: int, half: int):
        """A white mark of `2 * half + 1` pixels at the middle of a frame, on each bar."""
        x = self._x(frame + 0.5)
        for index in range(len(self.scene.tubes)):
            top, bottom = self._bar(index)
            canvas.rectangle((x - half, top - 3, x + half, bottom + 3), fill=TEXT)

    def _bar(self, index: int) -> tuple[int, int]:
        """Top and bottom of a tube's bar."""
        middle = self.bars_top + (index + 1) * self.row_height - self.line_height // 2
        return middle - self.letter_size // 3, middle + self.letter_size // 3

    def _x(self, frame: float) -> int:
        """Place of a moment on the time bar."""
        length = self.width - self.margin - self.bar_left
        return round(self.bar_left + length * min(max(frame / self.scene.frame_count, 0), 1))

    def _draw_still(self) -> np.ndarray:
        image = Image.new('RGB', (self.width, self.height), BACKGROUND)
        canvas = ImageDraw.Draw(image)
        corner, width = (self.margin, self.margin), self.width - 2 * self.margin
        self.renderer.draw_lines(image, corner, width, self.lines, self.letter_size, TEXT)
        for index, (name, tube) in enumerate(self.scene.tubes.items()):
            top = self.bars_top + index * self.row_height
            self.renderer.draw(image, (self.margin, top), self.scene.span_label(name), self.letter_size, COLORS[name])
            bar = self._bar(index)
            canvas.rectangle((self._x(0), bar[0], self._x(self.scene.frame_count), bar[1]), fill=TRACK)
            start, end = self._x(tube.span[0]), self._x(tube.span[1])
            canvas.rectangle((start, bar[0], max(end, start + 2), bar[1]), fill=COLORS[name])
        result = self.scene.result_label()
        right = self.width - self.margin - self.renderer.width(result, self.letter_size)
        longest = self.renderer.width(self.scene.frame_label(self.scene.frame_count), self.letter_size)
        if right > longest + 3 * self.margin:  # narrow strips have no room for both
            self.renderer.draw(image, (right, self.info_top), result, self.letter_size, TEXT)
        return np.asarray(image)


def letter_size(width: int) -> int:
    """Size of the letters in pixels for a picture of this width."""
    return round(min(max(width / 40, 12), 28))


def draw_label(label: str, width: int, renderer: TextRenderer) -> np.ndarray:
    """A strip with one short line: RGB uint8 `(height, width, 3)`."""
    size = letter_size(2 * width)
    image = Image.new('RGB', (width, renderer.line_height(size) + size // 4), BACKGROUND)
    renderer.draw(image, (size // 3, 0), label, size, TEXT)
    return np.asarray(image)


def draw_sentence(sentence: str, width: int, max_lines: int, renderer: TextRenderer) -> np.ndarray:
    """A strip with a sentence in at most `max_lines` lines: RGB uint8 `(height, width, 3)`."""
    size = letter_size(width)
    lines = renderer.wrap(sentence, size, width - size, max_lines)
    image = Image.new('RGB', (width, renderer.line_height(size) * len(lines) + size // 2), BACKGROUND)
    renderer.draw_lines(image, (size // 2, size // 4), width - size, lines, size, TEXT)
    return np.asarray(image)
