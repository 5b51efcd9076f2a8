"""Hooks of training and evaluation."""

from .accumulation_hook import AccumulationHook
from .checkpoint_keys_hook import CheckpointKeysHook
from .finite_loss_hook import FiniteLossHook
from .group_lr_hook import GroupLRHook
from .resumable_checkpoint_hook import ResumableCheckpointHook
from .step_seed_hook import StepSeedHook
from .stop_on_signal_hook import StopOnSignalHook
from .tube_visualization_hook import TubeVisualizationHook
from .weight_average_hook import WeightAverageHook

__all__ = [
    'AccumulationHook',
    'CheckpointKeysHook',
    'FiniteLossHook',
    'GroupLRHook',
    'ResumableCheckpointHook',
    'StepSeedHook',
    'StopOnSignalHook',
    'TubeVisualizationHook',
    'WeightAverageHook',
]
