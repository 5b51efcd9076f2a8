"""Networks that read the sentence."""

from .hf_text_encoder import HFTextEncoder

__all__ = ['HFTextEncoder']
