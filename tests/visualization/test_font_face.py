import numpy as np
import pytest
from PIL import Image

from mmstvg.visualization.font_face import FontFace
from mmstvg.visualization.text_renderer import DEFAULT_FONT


def place_of_ink(face, **options):
    """First and last column and row that a text colours."""
    image = Image.new('RGB', (200, 60))
    face.draw(image, **dict(dict(x=20, baseline=40, text='Hg', size=24, color=(255, 255, 255), rtl=False), **options))
    ink = np.asarray(image).max(axis=2) > 100
    columns, rows = np.flatnonzero(ink.any(axis=0)), np.flatnonzero(ink.any(axis=1))
    return columns[0], columns[-1], rows[0], rows[-1]


def test_letters_stand_on_the_line():
    face = FontFace(DEFAULT_FONT)
    assert {'a', 'я', 'ع'} <= face.letters
    assert '狗' not in face.letters
    left, right, top, bottom = place_of_ink(face, text='H')
    assert 20 <= left < right < 20 + face.width('H', 24)
    assert (top, bottom) == (pytest.approx(40 - 0.73 * 24, abs=1), 39)


def test_pictures_of_one_size_are_scaled(monkeypatch):
    """As for colour emoji: drawn in the size that there is, then brought to the size of the letters."""
    outlines = FontFace(DEFAULT_FONT)
    expected = place_of_ink(outlines, text='Hg'), outlines.width('Hg', 24)
    monkeypatch.setattr(FontFace, 'picture_size', 109)
    pictures = FontFace(DEFAULT_FONT)
    found = place_of_ink(pictures, text='Hg'), pictures.width('Hg', 24)
    assert found[0] == pytest.approx(expected[0], abs=1)
    assert found[1] == pytest.approx(expected[1], abs=1)


def test_unreadable_files_have_no_letters(tmp_path):
    bad = tmp_path / 'bad.ttf'
    bad.write_bytes(b'no font')
    assert FontFace(str(bad)).letters == frozenset()
