import unicodedata
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from mmstvg.visualization import text_renderer
from mmstvg.visualization.font_face import FontFace
from mmstvg.visualization.text_renderer import DEFAULT_FONT, REPLACEMENT, TextRenderer


@pytest.fixture
def bare(monkeypatch):
    """A system that has no font but matplotlib's."""
    monkeypatch.setattr(text_renderer, '_system_fonts', lambda: ())
    return TextRenderer()


def drawn(renderer, text):
    image = Image.new('RGB', (300, 24))
    renderer.draw(image, (2, 2), text, 14, (255, 255, 255))
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


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('a dog', False),
        ('كلب', True),
        ('כלב', True),
        ('3 כלב', True),
        ('the word כלב', False),
        ('狗', False),
        ('3!', False),
    ],
)
def test_direction_is_that_of_the_first_letter_that_has_one(text, expected):
    assert text_renderer.runs_from_the_right(text) == expected


def test_lines_from_the_right_end_at_the_right(bare):
    for text, ends in (('a dog', False), ('كلب', True)):
        image = Image.new('RGB', (300, 60))
        bare.draw_lines(image, (10, 2), 280, [text, text], 14, (255, 255, 255))
        columns = np.flatnonzero(np.asarray(image).any(axis=(0, 2)))
        assert (columns[-1] >= 285) == ends
        assert (columns[0] <= 15) != ends
        rows = np.flatnonzero(np.asarray(image).any(axis=(1, 2)))
        assert rows[-1] - rows[0] > bare.line_height(14)


def test_parts_in_other_fonts_follow_the_direction(bare, monkeypatch):
    drawn_at = {}
    monkeypatch.setattr(FontFace, 'draw', lambda self, image, x, baseline, text, *rest: drawn_at.update({text: x}))
    monkeypatch.setattr(bare, '_runs', lambda text: [(part, DEFAULT_FONT) for part in text.split()])
    for text, order in (('one two', ['one', 'two']), ('כלב חתול', ['חתול', 'כלב'])):
        drawn_at.clear()
        bare.draw(None, (5, 0), text, 14, (0, 0, 0))
        assert sorted(drawn_at, key=drawn_at.get) == order
        assert min(drawn_at.values()) == 5


def test_joined_emoji_are_one_part(monkeypatch):
    letters = {DEFAULT_FONT: frozenset('a♂'), 'emoji': frozenset('🏃')}
    monkeypatch.setattr(text_renderer, '_system_fonts', lambda: ('emoji',))
    monkeypatch.setattr(text_renderer, '_face', lambda path: SimpleNamespace(letters=letters[path], picture_size=109))
    assert TextRenderer()._runs('a🏃\u200d♂\ufe0f a♂') == [
        ('a', DEFAULT_FONT),
        ('🏃\u200d♂\ufe0f', 'emoji'),
        (' a♂', DEFAULT_FONT),
    ]


def test_other_fonts_fill_in(monkeypatch):
    """The font that has most of the missing letters is taken, and each letter comes from a font that has it."""
    letters = {DEFAULT_FONT: frozenset('abc'), 'few': frozenset('犬'), 'many': frozenset('犬走')}
    monkeypatch.setattr(text_renderer, '_system_fonts', lambda: ('few', 'many'))
    monkeypatch.setattr(text_renderer, '_face', lambda path: SimpleNamespace(letters=letters[path], picture_size=None))
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


def test_no_line_begins_with_what_ends_a_word(bare):
    for word in ('x' * 20 + '.', 'x' * 20 + ').', 'é' * 30):
        word = unicodedata.normalize('NFD', word)
        for width in range(20, 200):
            lines = bare.wrap(word, 14, width, 99)
            assert ''.join(lines) == word
            assert not any(line[0] in '.\N{COMBINING ACUTE ACCENT}' for line in lines)


def test_long_text_is_cut(bare):
    lines = bare.wrap('word ' * 2000, 14, 400, 5)
    assert len(lines) == 5
    assert lines[-1].endswith('…')
    assert bare.wrap('', 14, 400, 5) == ['']


def test_missing_font_file_is_named():
    with pytest.raises(FileNotFoundError, match=r'no\.ttf'):
        TextRenderer('no.ttf')


def test_placeholder_fonts_are_not_used(monkeypatch):
    monkeypatch.setattr(
        text_renderer, 'findSystemFonts', lambda: ['/a/LastResort.ttf', '/a/Z-Bold.ttf', '/a/ASans.ttf']
    )
    assert text_renderer._system_fonts.__wrapped__() == ('/a/ASans.ttf', '/a/Z-Bold.ttf')
