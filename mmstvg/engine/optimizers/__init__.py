"""Building the optimizer."""

from .autocast_optim_wrapper import AutocastOptimWrapper
from .grouped_optim_wrapper_constructor import GroupedOptimWrapperConstructor
from .sharded_adamw import ShardedAdamW
from .skip_unused_adamw import SkipUnusedAdamW

__all__ = ['AutocastOptimWrapper', 'GroupedOptimWrapperConstructor', 'ShardedAdamW', 'SkipUnusedAdamW']
