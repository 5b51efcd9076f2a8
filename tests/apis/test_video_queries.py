from pathlib import Path

import numpy as np
import pytest

from mmstvg.apis.video_queries import parse_queries

FRAMES = np.zeros((4, 8, 8, 3), np.uint8)
ITEM = dict(item_id=7, video_id='v', video_path='/v.mp4', text='a dog')


@pytest.mark.parametrize(
    ('inputs', 'texts', 'expected'),
    [
        ('a.mp4', 'x', [['x']]),
        (Path('a.mp4'), ['x', 'y'], [['x', 'y']]),
        (['a.mp4'], ['x'], [['x']]),
        (['a.mp4', 'b.mp4'], 'x', [['x'], ['x']]),
        (('a.mp4', 'b.mp4'), ['x', 'y'], [['x'], ['y']]),
        (['a.mp4', 'b.mp4'], [['x', 'y'], 'z'], [['x', 'y'], ['z']]),
        (FRAMES, ['x', 'y'], [['x', 'y']]),
        (list(FRAMES), 'x', [['x']]),
        ([FRAMES, FRAMES[:2]], 'x', [['x'], ['x']]),
        (ITEM, None, [['a dog']]),
        ([ITEM, ITEM], None, [['a dog'], ['a dog']]),
        (ITEM, 'x', [['x']]),
        ('a.mp4', '  a  red\n dog ', [['a red dog']]),
    ],
)
def test_forms(inputs, texts, expected):
    assert [query.texts for query in parse_queries(inputs, texts)] == expected


def test_paths_are_absolute():
    (query,) = parse_queries('a:b "c" ..mp4', 'x')  # a colon would be read as the name of a protocol
    assert query.video == Path.cwd() / 'a:b "c" ..mp4'
    assert query.name == 'a:b "c" ..mp4'


@pytest.mark.parametrize(
    ('inputs', 'texts', 'message'),
    [
        ([], 'x', 'no video'),
        ('a.mp4', '', 'is empty'),
        ('a.mp4', ' \n', 'is empty'),
        ('a.mp4', [], 'no sentence for video 0'),
        ('a.mp4', [3], 'A sentence is a string, got int'),
        ('a.mp4', None, 'Say what to look for'),
        (['a.mp4', 'b.mp4'], ['x'], '2 videos and 1 sentences'),
        (['a.mp4'], ['x', 'y'], '1 videos and 2 sentences'),
        (dict(ITEM, broken='event', broken_message='the event is empty'), 'x', 'Item 7 .* the event is empty'),
        (dict(text='x'), None, 'no video_path'),
    ],
)
def test_what_does_not_fit_is_named(inputs, texts, message):
    with pytest.raises(ValueError, match=message):
        parse_queries(inputs, texts)


def test_blanks():
    """Runs of white space are one blank, but an item's sentence stays what `tools/test.py` reads."""
    item = dict(video_path='a.mp4', text='a  man ')
    for texts in (None, 'a  man '):
        (query,) = parse_queries(item, texts)
        assert query.texts == ['a  man ']
    for video, text in ((item, 'a  dog\n'), ('a.mp4', ' a\tdog')):
        (query,) = parse_queries(video, text)
        assert query.texts == ['a dog']
