"""Layers that several parts share; called directly, no registry."""

from .attention import MultiHeadAttention, attend
from .box_overlap import box_overlap
from .clips import ClipSize, at_once, run_in_parts, run_unpadded, take_rows
from .folded_conv import FoldedConv2d, fold_frozen_norms
from .frame_attention import FrameAttention, frame_attend, frame_logits
from .frozen_batch_norm import FrozenBatchNorm2d
from .mlp import MLP, FeedForward, TopMLP, init_xavier
from .position import box_position, frame_position, map_position
from .roi import cells_in_boxes

__all__ = [
    'ClipSize',
    'MLP',
    'FeedForward',
    'FoldedConv2d',
    'FrameAttention',
    'FrozenBatchNorm2d',
    'MultiHeadAttention',
    'TopMLP',
    'attend',
    'at_once',
    'box_overlap',
    'box_position',
    'cells_in_boxes',
    'fold_frozen_norms',
    'frame_attend',
    'frame_logits',
    'frame_position',
    'init_xavier',
    'map_position',
    'run_in_parts',
    'run_unpadded',
    'take_rows',
]
