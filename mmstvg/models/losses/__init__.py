"""The five losses, one for training from random weights, one for sentences that do not hold.

No matching: every frame has one query and at most one true box.
"""

from .actioness_loss import ActionessLoss
from .box_giou_loss import BoxGIoULoss
from .box_l1_loss import BoxL1Loss
from .confidence_loss import ConfidenceLoss
from .foreign_text_loss import ForeignTextLoss
from .map_loss import MapLoss
from .span_loss import SpanLoss

__all__ = ['ActionessLoss', 'BoxGIoULoss', 'BoxL1Loss', 'ConfidenceLoss', 'ForeignTextLoss', 'MapLoss', 'SpanLoss']
