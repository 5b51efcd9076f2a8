"""The stand-in for mmcv's compiled ops."""

import importlib.metadata
import importlib.util
import subprocess
import sys
import types

import pytest

from mmstvg.utils import install_ops_placeholder
from mmstvg.utils.mmcv_ops import OPS_MODULE

FRESH_PROCESS = """
from mmengine.registry import DefaultScope
from mmstvg.registry import MODELS
DefaultScope.get_instance('test', scope_name='mmstvg')
net = MODELS.build(dict(type='mmdet.ResNet', depth=18, num_stages=1, strides=(1,), dilations=(1,), out_indices=(0,)))
from mmengine.model import revert_sync_batchnorm
from mmengine.runner.checkpoint import CheckpointLoader
from mmengine.utils.dl_utils import mmcv_full_available
from mmstvg.utils import install_ops_placeholder
print(type(revert_sync_batchnorm(net)).__module__, mmcv_full_available(), install_ops_placeholder())
print(CheckpointLoader._get_checkpoint_loader('weights.pth').__module__)
"""


def test_mmdet_resnet_builds_in_a_fresh_process_from_its_type_alone():
    """So do MMEngine's own uses of the ops, and what its `init_cfg` loads is read safely."""
    run = subprocess.run([sys.executable, '-c', FRESH_PROCESS], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    is_fork = any(distribution.name == 'onedl-mmengine' for distribution in importlib.metadata.distributions())
    module, available, is_placeholder, loader = run.stdout.split()
    assert (module, loader) == ('mmdet.models.backbones.resnet', 'mmstvg.utils.safe_checkpoint')
    assert available == str(is_fork or is_placeholder == 'False')  # the fork takes the placeholder for the ops


@pytest.fixture
def mmcv_without_ops(monkeypatch):
    """Whatever mmcv is installed: no compiled module, and the module table as before afterwards."""
    monkeypatch.delitem(sys.modules, OPS_MODULE, raising=False)
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)


def test_every_use_names_the_op_and_the_remedy(mmcv_without_ops, monkeypatch):
    assert install_ops_placeholder()
    placeholder = sys.modules[OPS_MODULE]
    monkeypatch.delitem(sys.modules, OPS_MODULE)
    with pytest.raises(RuntimeError, match=r'`nms_rotated` .* Install full mmcv'):
        placeholder.nms_rotated(1, iou_threshold=0.5)
    with pytest.raises(AttributeError):
        placeholder.__wrapped__  # noqa: B018, what `inspect` asks of every module


def test_a_second_call_keeps_the_first_placeholder(mmcv_without_ops, monkeypatch):
    install_ops_placeholder()
    first = sys.modules[OPS_MODULE]
    assert install_ops_placeholder()
    assert sys.modules[OPS_MODULE] is first
    monkeypatch.delitem(sys.modules, OPS_MODULE)


def test_full_mmcv_is_left_alone(monkeypatch):
    compiled = types.ModuleType(OPS_MODULE)
    compiled.__spec__ = importlib.machinery.ModuleSpec(OPS_MODULE, loader=None)
    monkeypatch.setitem(sys.modules, OPS_MODULE, compiled)
    assert not install_ops_placeholder()
    assert sys.modules[OPS_MODULE] is compiled
