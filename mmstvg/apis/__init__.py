"""Using models from Python."""

from .inference import inference
from .init_model import init_model, load_weights
from .prediction_writer import PredictionWriter
from .stvg_inferencer import STVGInferencer

__all__ = ['PredictionWriter', 'STVGInferencer', 'inference', 'init_model', 'load_weights']
