"""Learning rates over time."""

from .group_lr_scheduler import GroupLRScheduler
from .warmup_linear_lr import WarmupLinearLR
from .warmup_multi_step_lr import WarmupMultiStepLR

__all__ = ['GroupLRScheduler', 'WarmupLinearLR', 'WarmupMultiStepLR']
