import pytest

from mmstvg.utils.config import load_config

BASE = """
rate = 0.1
optim_wrapper = dict(optimizer=dict(lr=rate))
env_cfg = dict(dist_cfg=dict(backend='nccl'))
default_hooks = dict(ema=dict(type='WeightAverageHook'), timer=dict(type='IterTimerHook'))
"""


@pytest.fixture
def write(tmp_path):
    (tmp_path / 'base.py').write_text(BASE)

    def write(text):
        (tmp_path / 'config.py').write_text(f"_base_ = './base.py'\n{text}\n")
        return tmp_path / 'config.py'

    return write


def test_options_are_merged_last(write):
    cfg = load_config(write('optim_wrapper = dict(optimizer=dict(lr=0.2))'), {'optim_wrapper.optimizer.lr': 0.3})
    assert cfg.optim_wrapper.optimizer.lr == 0.3


def test_a_variable_that_is_used_is_fine(write):
    assert load_config(write('twice = 2\ntrain_cfg = dict(max_epochs=twice)')).train_cfg.max_epochs == 2
    load_config(write('_note = 1'))


def test_a_variable_of_the_base_may_be_for_derived_configs(write, tmp_path):
    (tmp_path / 'base.py').write_text('depth = 5')
    assert load_config(write('model = dict(depth=_base_.depth)')).model.depth == 5
    assert load_config(write('model = dict(depth={{_base_.depth}})')).model.depth == 5
    with pytest.raises(ValueError, match='`depth` in .*base.py'):
        load_config(write('model = dict()'))


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (
            'optim_wraper = dict()',
            r'`optim_wraper` in .*config\.py: nothing reads this key\. Did you mean `optim_wrapper`',
        ),
        ('colour = 1', r'`colour` in .*config\.py: nothing reads this key\. Correct or remove it'),
        ('rate = 0.2', r'`rate` in .*config\.py: it is a variable of .*base\.py and was used there'),
        (
            'env_cfg = dict(cudnn_bench=True)',
            r'`env_cfg\.cudnn_bench` in .*: nothing reads it\. Known keys: cudnn_benchmark',
        ),
        ('auto_scale_lr = dict(enabled=True)', r'`auto_scale_lr\.enabled`'),
        ('compile = True', r'`compile` in .*config\.py: .* Set model\.compile_cfg=dict\(\)'),
    ],
)
def test_keys_that_nothing_reads(write, text, message):
    with pytest.raises(ValueError, match=message):
        load_config(write(text))


def test_options_that_nothing_reads(write):
    with pytest.raises(ValueError, match=r'`modle` in --cfg-options: .*Did you mean `model`'):
        load_config(write(''), {'modle.depth': 3})
    with pytest.raises(ValueError, match=r'`rate` in --cfg-options: it is a variable of .*base\.py'):
        load_config(write(''), {'rate': 3})


def test_a_hook_is_left_out_by_none(write):
    hooks = load_config(write('default_hooks = dict(ema=None, timer=None)')).default_hooks
    assert hooks == dict(timer=None)  # of the Runner's own six it takes out those that are None


def test_no_such_config(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'absent\.py does not exist'):
        load_config(tmp_path / 'absent.py')
