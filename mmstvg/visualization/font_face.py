"""One font: which letters it has, and drawing them."""

import math
from functools import cached_property, lru_cache

from matplotlib.ft2font import FT2Font
from PIL import Image, ImageDraw, ImageFont, features

Color = tuple[int, int, int]

_PICTURE_SIZES = (109, 160, 128, 136, 96, 64)  # pixels; Noto Color Emoji has 109
_HAS_DIRECTION = features.check('raqm') and features.check('fribidi')  # without, Pillow draws from left to right


class FontFace:
    """A font file, scalable or with colour pictures of one size (emoji), which are scaled here.

    Args:
        path: A TrueType or OpenType file.
    """

    def __init__(self, path: str):
        self.path = path

    @cached_property
    def letters(self) -> frozenset[str]:
        """Letters that it draws; none where it cannot be read."""
        try:
            font = FT2Font(self.path)
        except RuntimeError:
            return frozenset()
        drawable = font.scalable or self.picture_size is not None
        return frozenset(map(chr, font.get_charmap())) if drawable else frozenset()

    @cached_property
    def picture_size(self) -> int | None:
        """The size of its pictures in pixels; None for a scalable font, or where no size is known."""
        if FT2Font(self.path).scalable:
            return None
        return next((size for size in _PICTURE_SIZES if _has_size(self.path, size)), None)

    def width(self, text: str, size: int) -> float:
        """Width of one line in pixels, in letters of `size` pixels."""
        font, scale = self._font(size)
        return scale * font.getlength(text)

    def draw(self, image: Image.Image, x: float, baseline: float, text: str, size: int, color: Color, rtl: bool):
        """Draw one line from `x` on.

        Args:
            image: Drawn into.
            x: Left end in pixels.
            baseline: Where the letters stand, in pixels from the top.
            text: The line.
            size: Of the letters in pixels.
            color: RGB; emoji have their own.
            rtl: Whether the text around runs from right to left.
        """
        font, scale = self._font(size)
        direction = ('rtl' if rtl else 'ltr') if _HAS_DIRECTION else None
        if scale == 1:
            canvas = ImageDraw.Draw(image)
            canvas.text((x, baseline), text, fill=color, font=font, anchor='ls', direction=direction)
            return
        ascent, descent = font.getmetrics()
        picture = Image.new('RGBA', (max(math.ceil(font.getlength(text)), 1), ascent + descent))
        canvas = ImageDraw.Draw(picture)
        canvas.text((0, ascent), text, font=font, anchor='ls', direction=direction, embedded_color=True)
        picture = picture.resize([max(round(scale * side), 1) for side in picture.size], Image.Resampling.LANCZOS)
        image.paste(picture, (round(x), round(baseline - scale * ascent)), picture)

    def _font(self, size: int) -> tuple[ImageFont.FreeTypeFont, float]:
        """The font, and the factor from its pixels to those asked for."""
        own = self.picture_size or size
        return _load(self.path, own), size / own if self.picture_size else 1


def _has_size(path: str, size: int) -> bool:
    try:
        _load(path, size)
    except OSError:
        return False
    return True


@lru_cache(maxsize=256)
def _load(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)
