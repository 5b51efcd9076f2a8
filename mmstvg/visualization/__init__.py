"""Pictures and videos of tubes."""

from .tube_scene import TubeScene
from .tube_visualizer import TubeVisualizer
from .video_writer import write_video

__all__ = ['TubeScene', 'TubeVisualizer', 'write_video']
