"""The two stacks of the decoder."""

from .spatial_decoder import SpatialDecoder
from .temporal_decoder import TemporalDecoder

__all__ = ['SpatialDecoder', 'TemporalDecoder']
