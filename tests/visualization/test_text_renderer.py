import warnings

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mmstvg.visualization import text_renderer
from mmstvg.visualization.text_renderer import DEFAULT_FONT, REPLACEMENT, TextRenderer


@pytest.fixture
def bare(monkeypatch):
    """A system that has no font but matplotlib's."""
    monkeypatch.setattr(text_renderer, '_system_fonts', lambda: ())
    return TextRenderer()


def drawn(renderer, text):
    image = Image.new('RGB', (300, 24))
    renderer.draw(ImageDraw.Draw(image), (2, 2), text, 14, (255, 255, 255))
    return np.asarray(image)


@pytest.mark.parametrize('text', ['a dog', 'собака', 'σκύλος', 'كلب', 'כלב', 'ձուկ'])
def test_scripts_of_the_default_font(bare, text):
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert bare._runs(text) == [(text, DEFAULT_FONT)]
    columns = np.flatnonzero(drawn(bare, text).any(axis=(0, 2)))
    assert columns[0] >= 1
    assert columns[-1] == pytest.approx(2 + bare.width(text, 14), abs=2.5)


def test_missing_letters_are_named_once(bare):
    with pytest.warns(UserWarning, match="'犬走'.*fonts-noto-cjk"):
        assert bare.wrap('a 犬 走', 14, 200, 2) == ['a 犬 走']
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert bare._runs('犬 a')[0] == (REPLACEMENT + ' a', DEFAULT_FONT)
        assert drawn(bare, '犬').any()


def test_other_fonts_fill_in(monkeypatch):
    """The font that has most of the missing letters is taken, and each letter comes from a font that has it."""
    letters = {DEFAULT_FONT: frozenset('abc'), 'few': frozenset('犬'), 'many': frozenset('犬走')}
    monkeypatch.setattr(text_renderer, '_system_fonts', lambda: ('few', 'many'))
    monkeypatch.setattr(text_renderer, '_letters', letters.__getitem__)
    assert TextRenderer()._runs('a 犬走b') == [('a ', DEFAULT_FONT), ('犬走', 'many'), ('b', DEFAULT_FONT)]


def test_wrap(bare):
    text = 'the woman in the red coat walks\n to  the door'
    lines = bare.wrap(text, 14, 120, 9)
    assert ' '.join(lines) == ' '.join(text.split())
    assert len(lines) == 4
    assert max(bare.width(line, 14) for line in lines) <= 120
    cut = bare.wrap(text, 14, 120, 2)
    assert cut[0] == lines[0]
    assert cut[1].endswith('…')
    assert bare.width(cut[1], 14) <= 120


def test_wrap_breaks_words_that_do_not_fit(bare):
    lines = bare.wrap('a ' + 'x' * 50, 14, 100, 99)
    assert ''.join(lines) == 'a' + 'x' * 50
    assert max(bare.width(line, 14) for line in lines) <= 100


def test_long_text_is_cut(bare):
    lines = bare.wrap('word ' * 2000, 14, 400, 5)
    assert len(lines) == 5
    assert lines[-1].endswith('…')
    assert bare.wrap('', 14, 400, 5) == ['']


def test_missing_font_file_is_named():
    with pytest.raises(FileNotFoundError, match=r'no\.ttf'):
        TextRenderer('no.ttf')


def test_unreadable_and_placeholder_fonts_are_not_used(tmp_path, monkeypatch):
    bad = tmp_path / 'bad.ttf'
    bad.write_bytes(b'no font')
    assert text_renderer._letters(str(bad)) == frozenset()
    monkeypatch.setattr(
        text_renderer, 'findSystemFonts', lambda: ['/a/LastResort.ttf', '/a/Z-Bold.ttf', '/a/ASans.ttf']
    )
    assert text_renderer._system_fonts.__wrapped__() == ('/a/ASans.ttf', '/a/Z-Bold.ttf')
