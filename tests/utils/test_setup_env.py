import os

import pytest
import torch
import torch.distributed as dist
from mmengine.config import Config

from mmstvg.utils import setup_env

VARIABLES = ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_ADDR', 'MASTER_PORT')


@pytest.fixture(autouse=True)
def _no_cuda(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    for name in VARIABLES:
        monkeypatch.setenv(name, '')  # so that the test's own changes are undone
        monkeypatch.delenv(name)


def make_config():
    wrapper = dict(type='MMDistributedDataParallel', static_graph=True)
    return Config(dict(model_wrapper_cfg=wrapper, env_cfg=dict(dist_cfg=dict(backend='nccl'))))


def test_one_process_needs_nothing():
    cfg = make_config()
    setup_env(cfg)
    assert cfg.launcher == 'none'
    assert 'device_ids' not in cfg.model_wrapper_cfg
    assert not dist.is_initialized()


def test_with_cuda_the_config_stays(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    cfg = make_config()
    setup_env(cfg, 'pytorch')
    assert cfg.launcher == 'pytorch'
    assert 'device_ids' not in cfg.model_wrapper_cfg


@pytest.mark.parametrize('launcher', ['pytorch', 'slurm'])
def test_without_cuda_a_gloo_group_and_no_device(monkeypatch, launcher):
    started = []
    monkeypatch.setattr(dist, 'init_process_group', lambda backend, timeout: started.append(backend))
    names = ('RANK', 'WORLD_SIZE') if launcher == 'pytorch' else ('SLURM_PROCID', 'SLURM_NTASKS')
    for name, value in dict(zip(names, '12', strict=True), MASTER_ADDR='localhost', MASTER_PORT='29500').items():
        monkeypatch.setenv(name, value)
    cfg = make_config()
    setup_env(cfg, launcher)
    assert started == ['gloo']
    assert cfg.model_wrapper_cfg == dict(type='MMDistributedDataParallel', static_graph=True, device_ids=None)
    assert (os.environ['RANK'], os.environ['WORLD_SIZE']) == ('1', '2')


def test_a_process_that_no_launcher_started():
    with pytest.raises(
        ValueError, match="launcher='pytorch', but RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT are not set"
    ):
        setup_env(make_config(), 'pytorch')
