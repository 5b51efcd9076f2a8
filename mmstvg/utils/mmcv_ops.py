"""A stand-in for mmcv's compiled ops, so that `mmdet.models` can be imported with mmcv-lite.

`mmdet.models` imports `mmcv.ops`, which needs the compiled module `mmcv._ext`, and only full mmcv has it. mmstvg calls
none of these ops, so where the module is missing, and only there, an empty one is put in its place. Its functions raise
when called. `mmengine.utils.dl_utils.mmcv_full_available()` still says False; that of onedl-mmengine says True, and
what MMEngine then imports is there.
"""

import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import NoReturn

OPS_MODULE = 'mmcv._ext'


class _OpsPlaceholder(ModuleType):
    """Has a function of every name; calling one raises."""

    def __getattr__(self, name: str):
        if name.startswith('__'):
            raise AttributeError(name)

        def missing_op(*args, **kwargs) -> NoReturn:
            raise RuntimeError(
                f'`{name}` is a compiled op of mmcv, and the installed mmcv has none (mmcv-lite). '
                'Install full mmcv to use it: `pip uninstall mmcv-lite && mim install "mmcv>=2.0,<2.2"`.'
            )

        return missing_op


def install_ops_placeholder() -> bool:
    """Put the placeholder where mmcv's compiled module should be, if there is none. A second call does nothing.

    It must run before the first import of `mmdet.models`; `mmstvg.models` calls it.

    Returns:
        True if mmcv now works with the placeholder, False if it has its own ops, which are left alone.
    """
    if not isinstance(sys.modules.get(OPS_MODULE), _OpsPlaceholder):
        if importlib.util.find_spec(OPS_MODULE) is not None:
            return False
        placeholder = _OpsPlaceholder(OPS_MODULE, __doc__)
        placeholder.__spec__ = ModuleSpec(OPS_MODULE, loader=None)  # without a loader it counts as not installed
        sys.modules[OPS_MODULE] = placeholder
    return True
