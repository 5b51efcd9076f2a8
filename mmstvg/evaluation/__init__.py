"""Scores of tubes and files of predictions."""

from .predictions_file import prediction_record, read_predictions, write_predictions
from .stvg_metric import STVGMetric
from .tube_iou import TubeScore, score_tube

__all__ = ['STVGMetric', 'TubeScore', 'prediction_record', 'read_predictions', 'score_tube', 'write_predictions']
