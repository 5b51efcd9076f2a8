"""The five losses, and one for training from random weights.

No matching: every frame has one query and at most one true box.
"""

from .actioness_loss import ActionessLoss
from .box_giou_loss import BoxGIoULoss
from .box_l1_loss import BoxL1Loss
from .confidence_loss import ConfidenceLoss
from .map_loss import MapLoss
from .span_loss import SpanLoss

__all__ = ['ActionessLoss', 'BoxGIoULoss', 'BoxL1Loss', 'ConfidenceLoss', 'MapLoss', 'SpanLoss']
