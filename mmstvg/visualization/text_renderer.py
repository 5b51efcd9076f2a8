"""Text in any script for which a font is installed."""

import unicodedata
import warnings
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import matplotlib
from matplotlib.font_manager import findSystemFonts
from PIL import Image

from .font_face import Color, FontFace

# Comes with matplotlib: Latin, Greek, Cyrillic, Arabic, Hebrew, Armenian, Georgian and more, but not Chinese or Hindi.
DEFAULT_FONT = str(Path(matplotlib.get_data_path()) / 'fonts' / 'ttf' / 'DejaVuSans.ttf')
MAX_CHARACTERS = 1000
REPLACEMENT = '\N{REPLACEMENT CHARACTER}'
JOINER = '\N{ZERO WIDTH JOINER}'


class TextRenderer:
    """Draws text, each part of it in a font that has its letters.

    Text that the first font covers needs no other. Else the system's fonts are searched for those that cover most of
    the rest. Letters that no font has become the replacement character, with one warning that names them. Lines of a
    sentence that runs from right to left end at the right.

    Args:
        font_file: The font to try first, a TrueType or OpenType file. DejaVu Sans by default.

    Raises:
        FileNotFoundError: There is no such font file.
    """

    def __init__(self, font_file: str | None = None):
        if font_file is not None and not Path(font_file).is_file():
            raise FileNotFoundError(f"There is no font file '{font_file}'.")
        self._fonts = [font for font in (font_file, DEFAULT_FONT) if font]  # grows with the scripts that come
        self._font_of: dict[str, str | None] = {}  # letter to font

    def width(self, text: str, size: int) -> float:
        """Width of one line in pixels."""
        return sum(_face(path).width(run, size) for run, path in self._runs(text))

    def line_height(self, size: int) -> int:
        """Distance between two lines in pixels."""
        return round(1.35 * size)

    def wrap(self, text: str, size: int, width: float, max_lines: int) -> list[str]:
        """Break text into lines of at most `width` pixels, between words where it can; an ellipsis marks what is cut.

        Args:
            text: Runs of white space count as one blank.
            size: Size of the letters in pixels.
            width: Of a line, in pixels. A single letter may be wider.
            max_lines: The most lines to return, at least 1.
        """
        self._find_fonts(set(text))  # the whole sentence at once, so that its fonts are few
        words = text.split()
        cut = len(' '.join(words)) > MAX_CHARACTERS
        words = ' '.join(words)[:MAX_CHARACTERS].split()
        lines = ['']
        for word in words:
            joined = f'{lines[-1]} {word}' if lines[-1] else word
            if self.width(joined, size) <= width:
                lines[-1] = joined
                continue
            pieces = self._break_word(word, size, width)
            lines[-1:] = pieces if not lines[-1] else [lines[-1], *pieces]
            if len(lines) > max_lines:
                break
        if cut or len(lines) > max_lines:
            lines = lines[:max_lines]
            lines[-1] = self._ellipsis(lines[-1], size, width)
        return lines

    def draw(self, image: Image.Image, position: tuple[float, float], text: str, size: int, color: Color) -> None:
        """Draw one line whose top left corner is at `position`."""
        self._draw_line(image, *position, text, size, color, runs_from_the_right(text))

    def draw_lines(
        self,
        image: Image.Image,
        position: tuple[float, float],
        width: float,
        lines: Sequence[str],
        size: int,
        color: Color,
    ) -> None:
        """Draw the lines of one text.

        Args:
            image: Drawn into.
            position: Top left corner in pixels.
            width: Of the block in pixels; text that runs from right to left ends at its right border.
            lines: From `wrap`.
            size: Of the letters in pixels.
            color: RGB.
        """
        left, top = position
        rtl = runs_from_the_right(' '.join(lines))
        for index, line in enumerate(lines):
            x = left + width - self.width(line, size) if rtl else left
            self._draw_line(image, x, top + index * self.line_height(size), line, size, color, rtl)

    def _draw_line(self, image: Image.Image, x: float, top: float, text: str, size: int, color: Color, rtl: bool):
        runs = self._runs(text)
        for run, path in reversed(runs) if rtl else runs:
            _face(path).draw(image, x, top + size, run, size, color, rtl)
            x += _face(path).width(run, size)

    def _break_word(self, word: str, size: int, width: float) -> list[str]:
        pieces = ['']
        for letter in word:
            if pieces[-1] and self.width(pieces[-1] + letter, size) > width:
                kept = len(pieces[-1]) - 1 if _closes(letter) else len(pieces[-1])
                pieces[-1:] = [pieces[-1][:kept], pieces[-1][kept:]] if kept else [pieces[-1], '']
            pieces[-1] += letter
        return pieces

    def _ellipsis(self, line: str, size: int, width: float) -> str:
        while line and self.width(line + '…', size) > width:
            line = line[:-1]
        return line.rstrip() + '…'

    def _runs(self, text: str) -> list[tuple[str, str]]:
        """Parts of `text` in their order, each with the font that draws it."""
        self._find_fonts(set(text))
        runs: list[tuple[str, str]] = []
        for letter in text:
            path = self._font_of[letter]
            if path is None:
                letter, path = REPLACEMENT, DEFAULT_FONT
            joins = runs and (path == runs[-1][1] or _joins(letter, *runs[-1]))
            runs[-1:] = [(runs[-1][0] + letter, runs[-1][1])] if joins else [*runs[-1:], (letter, path)]
        return runs

    def _find_fonts(self, letters: set[str]):
        """Choose a font for each new letter: one in use, else the one that has most of those still missing."""
        letters = letters - self._font_of.keys()
        missing = {letter for letter in letters if not _has_no_shape(letter)}
        self._font_of.update(dict.fromkeys(letters - missing, self._fonts[0]))
        for font in self._fonts:
            missing = self._assign(missing, font)
        while missing:
            best = max(_system_fonts(), key=lambda font: len(missing & _face(font).letters), default=DEFAULT_FONT)
            if not missing & _face(best).letters:
                self._font_of.update(dict.fromkeys(missing))
                _warn_missing(missing)
                return
            self._fonts.append(best)
            missing = self._assign(missing, best)

    def _assign(self, letters: set[str], font: str) -> set[str]:
        """Give the font the letters that it has; the others come back."""
        found = letters & _face(font).letters
        self._font_of.update(dict.fromkeys(found, font))
        return letters - found


def runs_from_the_right(text: str) -> bool:
    """Whether a text runs from right to left: by its first letter that has a direction."""
    directions = (unicodedata.bidirectional(letter) for letter in text)
    return next((direction for direction in directions if direction in ('L', 'R', 'AL')), 'L') != 'L'


def _joins(letter: str, run: str, path: str) -> bool:
    """Whether a letter of another font is drawn with the run before it. A blank in the size of an emoji is too wide."""
    if letter.isspace():
        return _face(path).picture_size is None
    return _has_no_shape(letter) or run.endswith(JOINER)


def _closes(letter: str) -> bool:
    """Whether a letter may not begin a line: full stops, commas, closing brackets, marks on the letter before them."""
    return unicodedata.category(letter) in ('Po', 'Pe', 'Pf') or _has_no_shape(letter)


def _has_no_shape(letter: str) -> bool:
    """Blanks, joiners and combining marks stay with the letter before them."""
    return letter.isspace() or unicodedata.category(letter) in ('Mn', 'Me', 'Cf')


def _warn_missing(letters: set[str]):
    found = f"No installed font has the letters '{''.join(sorted(letters))[:40]}'; they are drawn as {REPLACEMENT}."
    advice = 'Debian: fonts-noto-core, fonts-noto-cjk, fonts-noto-color-emoji'
    warnings.warn(f'{found} Install a font for this script ({advice}) or name one by font_file.', stacklevel=2)


@lru_cache
def _system_fonts() -> tuple[str, ...]:
    """Fonts of the system, upright sans-serif ones first."""

    def rank(path: str):
        name = Path(path).stem.lower()
        plain = not any(style in name for style in ('bold', 'italic', 'oblique', 'mono', 'light', 'thin', 'black'))
        return not plain, 'sans' not in name, name

    return tuple(sorted((p for p in findSystemFonts() if 'LastResort' not in p), key=rank))


@lru_cache(maxsize=2048)
def _face(path: str) -> FontFace:
    return FontFace(path)
