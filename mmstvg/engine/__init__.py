"""Training: the loop, optimizer, learning rates and hooks. Importing it makes all reading of checkpoints safe."""

from mmstvg.utils import install_safe_loading

from .hooks import *  # noqa: F403
from .loops import ResumableTrainLoop
from .model_wrappers import StaticGraphDataParallel
from .optimizers import AutocastOptimWrapper, GroupedOptimWrapperConstructor, SkipUnusedAdamW
from .schedulers import GroupLRScheduler, WarmupLinearLR, WarmupMultiStepLR

__all__ = [
    'AutocastOptimWrapper',
    'GroupLRScheduler',
    'GroupedOptimWrapperConstructor',
    'ResumableTrainLoop',
    'SkipUnusedAdamW',
    'StaticGraphDataParallel',
    'WarmupLinearLR',
    'WarmupMultiStepLR',
]

install_safe_loading()
