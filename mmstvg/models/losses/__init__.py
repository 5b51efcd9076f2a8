"""The five losses. No matching: every frame has one query and at most one true box."""

from .actioness_loss import ActionessLoss
from .box_giou_loss import BoxGIoULoss
from .box_l1_loss import BoxL1Loss
from .confidence_loss import ConfidenceLoss
from .span_loss import SpanLoss

__all__ = ['ActionessLoss', 'BoxGIoULoss', 'BoxL1Loss', 'ConfidenceLoss', 'SpanLoss']
