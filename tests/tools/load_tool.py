import importlib.util
import sys
from pathlib import Path

TOOLS = Path(__file__).parents[2] / 'tools'


def load_tool(name):
    """A script of tools/ as a module."""
    loaded = sys.modules.get(Path(name).stem)
    if loaded is not None:
        return loaded  # workers of a process pool need the same functions under the same name
    spec = importlib.util.spec_from_file_location(Path(name).stem, TOOLS / name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
