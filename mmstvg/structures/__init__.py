"""Tubes and data samples."""

from .stvg_data_sample import STVGDataSample
from .tube import Tube

__all__ = ['STVGDataSample', 'Tube']
