"""Models and their parts."""
# ruff: noqa: E402, F401, F403

from mmstvg.utils import install_ops_placeholder, install_safe_loading

install_ops_placeholder()  # before the first import of `mmdet.models`
install_safe_loading()

from .backbones import *
from .context import *
from .data_preprocessor import STVGDataPreprocessor
from .decoders import *
from .encoders import *
from .grounders import *
from .heads import *
from .layers import FrozenBatchNorm2d
from .losses import *
from .text_encoders import *
