"""Fusion of frames and sentence."""

from .encoded_clips import EncodedClips
from .multimodal_encoder import MultimodalEncoder

__all__ = ['EncodedClips', 'MultimodalEncoder']
