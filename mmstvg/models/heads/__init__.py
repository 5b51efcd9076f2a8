"""Heads: answers, losses and post-processing."""

from .stvg_head import STVGHead
from .stvg_targets import STVGTargets

__all__ = ['STVGHead', 'STVGTargets']
