"""Open toolbox for spatio-temporal video grounding: a video and a sentence in, one tube out."""

__version__ = '0.1.0'
