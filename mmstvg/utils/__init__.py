"""Process set-up, configs, safe checkpoints and the stand-in for mmcv's compiled ops."""

from .mmcv_ops import install_ops_placeholder
from .safe_checkpoint import install_safe_loading, read_checkpoint
from .setup_env import close_env, setup_env

__all__ = ['close_env', 'install_ops_placeholder', 'install_safe_loading', 'read_checkpoint', 'setup_env']
