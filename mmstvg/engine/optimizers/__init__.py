"""Building the optimizer."""

from .autocast_optim_wrapper import AutocastOptimWrapper
from .grouped_optim_wrapper_constructor import GroupedOptimWrapperConstructor

__all__ = ['AutocastOptimWrapper', 'GroupedOptimWrapperConstructor']
