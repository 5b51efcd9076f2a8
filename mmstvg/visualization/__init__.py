"""Pictures and videos of tubes."""

from .gif_writer import write_gif
from .heat_map import overlay_heat
from .timeline import draw_timeline
from .tube_scene import TubeScene
from .tube_visualizer import TubeVisualizer
from .video_writer import write_video

__all__ = ['TubeScene', 'TubeVisualizer', 'draw_timeline', 'overlay_heat', 'write_gif', 'write_video']
