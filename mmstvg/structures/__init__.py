"""Tubes and data samples."""

from .frame_scores import FrameScores
from .stvg_data_sample import STVGDataSample
from .tube import Tube

__all__ = ['FrameScores', 'STVGDataSample', 'Tube']
