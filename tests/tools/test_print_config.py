import sys

import pytest
from load_tool import TOOLS, load_tool

CONFIGS = TOOLS.parent / 'configs'


@pytest.fixture
def print_config(monkeypatch, capsys):
    tool = load_tool('analysis_tools/print_config.py')

    def call(*arguments):
        monkeypatch.setattr(sys, 'argv', ['print_config.py', *map(str, arguments)])
        tool.main()
        return capsys.readouterr().out

    return call


def test_parts_of_a_config(print_config):
    printed = print_config(CONFIGS / 'cgstvg_toy.py', '--keys', 'model.head.loss_giou', 'train_cfg.type')
    assert "model_head_loss_giou = dict(type='BoxGIoULoss', weight=4.0)" in printed
    assert "train_cfg_type = 'ResumableTrainLoop'" in printed


def test_options_are_merged(print_config):
    options = ['--cfg-options', 'param_scheduler.0.milestones=[1,2]']
    printed = print_config(CONFIGS / 'cgstvg_hcstvg.py', '--keys', 'param_scheduler.0.milestones', *options)
    assert printed.split() == ['param_scheduler_0_milestones', '=', '[', '1,', '2,', ']']


def test_difference(print_config):
    config, base = CONFIGS / 'cgstvg_hcstvg2.py', CONFIGS / 'cgstvg_hcstvg.py'
    lines = print_config(config, '--diff', base, '--keys', 'model.head.context').splitlines()
    changed = [line for line in lines if line.startswith(('+ ', '- '))]
    assert [line.split()[-1] for line in changed] == ['theta_gt=0.8,', 'theta_gt=0.7,']
    assert 'say the same' in print_config(config, '--diff', config, '--keys', 'model')


def test_unknown_key_is_named(print_config):
    with pytest.raises(KeyError, match=r"no 'contex' in model.head, which has: .*context"):
        print_config(CONFIGS / 'cgstvg_toy.py', '--keys', 'model.head.contex.refiner')
    with pytest.raises(KeyError, match="no '5' in param_scheduler"):
        print_config(CONFIGS / 'cgstvg_hcstvg.py', '--keys', 'param_scheduler.5')
