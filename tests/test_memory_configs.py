"""The configs for GPUs of different sizes."""

from pathlib import Path

import pytest
import torch

from mmstvg.apis import init_model
from mmstvg.utils.config import load_config

MEMORY = Path(__file__).parents[1] / 'configs/memory'
SMALL_TEXT = {
    'model.text_encoder.name_or_path': None,
    'model.text_encoder.config': dict(model_type='roberta', num_hidden_layers=1, vocab_size=99),
}


@pytest.mark.parametrize('data', ['hcstvg', 'vidstg'])
@pytest.mark.parametrize('size', [12, 24, 48, 80])
def test_only_memory_changes(data, size):
    config = load_config(MEMORY / f'cgstvg_{data}_{size}gb.py')
    base = load_config(MEMORY.parent / f'cgstvg_{data}.py')
    head = (MEMORY / f'cgstvg_{data}_{size}gb.py').read_text().splitlines()[0]
    gpus = int(head.split()[-1])
    assert head == f'# tools/dist_train.sh configs/memory/cgstvg_{data}_{size}gb.py {gpus}'
    assert gpus * config.train_dataloader.batch_size == base.auto_scale_lr.base_batch_size  # as published
    assert config.optim_wrapper.type == 'AutocastOptimWrapper'
    assert config.optim_wrapper.optimizer == base.optim_wrapper.optimizer
    assert config.optim_wrapper.paramwise_cfg == base.optim_wrapper.paramwise_cfg
    for model in (config.model, base.model):
        model.pop('recompute_frames')
        for part in ('text_encoder', 'encoder'):
            model[part].pop('with_cp', None)
    assert config.model == base.model


def test_smallest_builds():
    model = init_model(MEMORY / 'cgstvg_hcstvg_12gb.py', device='cpu', cfg_options=SMALL_TEXT)
    assert model.encoder.with_cp
    assert model.recompute_frames == 8
    assert model.text_encoder.body.is_gradient_checkpointing
    assert isinstance(model, torch.nn.Module)
