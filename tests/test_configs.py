"""Every config loads and builds; one that is wrong says where."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mmstvg.apis import init_model
from mmstvg.registry import MODELS

ROOT = Path(__file__).parents[1]
CONFIGS = sorted((ROOT / 'configs').glob('*.py'))
# The full-size text encoder would have to be downloaded.
SMALL_TEXT = {
    'model.text_encoder.name_or_path': None,
    'model.text_encoder.config': dict(model_type='roberta', num_hidden_layers=1, vocab_size=99),
}


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_model_builds(path):
    model = init_model(path, device='cpu', cfg_options=None if 'toy' in path.stem else SMALL_TEXT)
    assert (model.head.context is None) == path.stem.startswith('baseline')
    assert ('loss_conf' in model.head.losses) == path.stem.startswith('cgstvg')


@pytest.mark.parametrize(
    ('name', 'thetas', 'giou', 'span'),
    [
        ('hcstvg', (0.5, 0.8, 0.8), 4.0, 10.0),
        ('hcstvg2', (0.5, 0.8, 0.7), 4.0, 10.0),
        ('vidstg', (-0.5, 0.5, 0.5), 3.0, 1.0),
    ],
)
def test_published_recipe(name, thetas, giou, span):
    head = Config.fromfile(ROOT / f'configs/cgstvg_{name}.py').model.head
    refiner = head.context.refiner
    assert (refiner.theta_t, refiner.theta_s, refiner.theta_gt) == thetas
    weights = [head[f'loss_{loss}'].weight for loss in ('bbox', 'giou', 'span', 'actioness', 'conf')]
    assert weights == [5.0, giou, span, 2.0, 1.0]


@pytest.mark.usefixtures('mmstvg_scope')
def test_unknown_key_is_named():
    config = Config.fromfile(ROOT / 'configs/cgstvg_toy.py').model
    config.head.context.refiner.theta_x = 1
    with pytest.raises(TypeError, match='theta_x'):
        MODELS.build(config)


@pytest.mark.usefixtures('mmstvg_scope')
def test_misspelt_type_is_named():
    config = Config.fromfile(ROOT / 'configs/cgstvg_toy.py').model
    config.head.temporal_decoder.type = 'TemporalDecodr'
    with pytest.raises(KeyError, match='TemporalDecodr'):
        MODELS.build(config)


def test_appearance_network_started_at_random_has_all_its_branches():
    """A frozen norm whose weight starts at zero would keep its block shut for ever."""
    cfg = Config.fromfile(ROOT / 'configs/cgstvg_hcstvg.py').model.backbone
    network = MODELS.build({**cfg, 'depth': 50, 'norm_cfg': dict(type='mmstvg.FrozenBatchNorm2d')})
    network.init_weights()
    weights = [value for name, value in network.state_dict().items() if name.endswith('bn3.weight')]
    assert len(weights) == 16
    assert all((value != 0).all() for value in weights)
