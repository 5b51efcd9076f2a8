"""Models and their parts."""

from mmstvg.utils.mmcv_ops import install_ops_placeholder

install_ops_placeholder()

from .backbones import *  # noqa: E402, F403
from .context import *  # noqa: E402, F403
from .data_preprocessor import STVGDataPreprocessor  # noqa: E402, F401
from .decoders import *  # noqa: E402, F403
from .encoders import *  # noqa: E402, F403
from .grounders import *  # noqa: E402, F403
from .heads import *  # noqa: E402, F403
from .layers import FrozenBatchNorm2d  # noqa: E402, F401
from .losses import *  # noqa: E402, F403
from .text_encoders import *  # noqa: E402, F403
