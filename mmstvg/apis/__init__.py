"""Using models from Python."""

from .init_model import init_model, load_weights

__all__ = ['init_model', 'load_weights']
