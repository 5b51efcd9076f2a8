"""Data sets, their transforms, and video files."""

from .base_stvg_dataset import BaseSTVGDataset
from .hcstvg import HCSTVGDataset
from .transforms import *  # noqa: F403
from .transforms import __all__ as _transforms
from .video_error import VideoError
from .video_reader import VideoReader, open_video
from .vidstg import VidSTGDataset

__all__ = ['BaseSTVGDataset', 'HCSTVGDataset', 'VideoError', 'VidSTGDataset', 'VideoReader', 'open_video', *_transforms]
