"""Process set-up, safe checkpoints and the stand-in for mmcv's compiled ops."""

from .mmcv_ops import install_ops_placeholder

__all__ = ['install_ops_placeholder']
