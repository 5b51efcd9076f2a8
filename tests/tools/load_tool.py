import importlib.util
import sys
from pathlib import Path

TOOLS = Path(__file__).parents[2] / 'tools'


def load_tool(name):
    """A script of tools/ as a module."""
    spec = importlib.util.spec_from_file_location(Path(name).stem, TOOLS / name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # workers of a process pool find its functions by name
    spec.loader.exec_module(module)
    return module
