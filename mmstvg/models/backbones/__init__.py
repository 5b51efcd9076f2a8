"""Networks that see the frames. The appearance network is `mmdet.ResNet` or any other backbone of MMDetection."""

from .video_swin import VideoSwinTransformer

__all__ = ['VideoSwinTransformer']
