"""Transforms of items."""

from .decode_frames import DecodeFrames
from .load_video_info import LoadVideoInfo
from .pack_stvg_inputs import PackSTVGInputs
from .random_flip_clip import RandomFlipClip
from .random_temporal_crop import RandomTemporalCrop
from .resize_clip import ResizeClip
from .sample_frames_by_fps import SampleFramesByFPS
from .sample_frames_uniform import SampleFramesUniform

__all__ = [
    'DecodeFrames',
    'LoadVideoInfo',
    'PackSTVGInputs',
    'RandomFlipClip',
    'RandomTemporalCrop',
    'ResizeClip',
    'SampleFramesByFPS',
    'SampleFramesUniform',
]
