from pathlib import Path

import pytest
from mmengine.config import Config

from mmstvg.utils.checkpoint_config import config_of_checkpoint

CONFIGS = sorted((Path(__file__).parents[2] / 'configs').glob('*.py'))


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_every_config_comes_back(path):
    config = Config.fromfile(path)
    found = config_of_checkpoint({'meta': {'cfg': config.pretty_text}}, 'a.pth')
    assert found.to_dict() == Config.fromstring(config.pretty_text, '.py').to_dict()


def test_odd_keys_and_signs():
    config = Config(dict(a={'x.y': [1, -2.5, None], 'z': ('b',)}, b='it\'s "b"'))
    assert config_of_checkpoint({'meta': {'cfg': config.pretty_text}}, 'a.pth').to_dict() == config.to_dict()


@pytest.mark.parametrize(
    ('text', 'found'),
    [
        ('import os', 'line 1 is no assignment'),
        ('a = 1\nprint(1)', 'line 2 is no assignment'),
        ('a = print(1)', 'malformed'),
        ('a = dict(b=__import__("os"))', 'malformed'),
        ('a = dict(3)', 'not iterable'),
        ('a = dict(**b)', 'malformed'),
        ('a = dict(**{"b": 1})', 'malformed'),
        ('a.b = 1', 'line 1'),
        ('a = b = 1', 'line 1 is no assignment to one name'),
        ('a = {**b}', 'malformed'),
        ('a = (', 'never closed'),
    ],
)
def test_what_is_not_plain_data_is_not_run(text, found):
    with pytest.raises(ValueError, match=found):
        config_of_checkpoint({'meta': {'cfg': text}}, 'a.pth')


@pytest.mark.parametrize('content', [{}, {'meta': None}, {'meta': {}}, {'meta': {'cfg': 3}}])
def test_weights_without_config_are_named(content):
    with pytest.raises(ValueError, match='a.pth holds weights without their config'):
        config_of_checkpoint(content, 'a.pth')
