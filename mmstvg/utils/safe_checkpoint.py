"""Reading checkpoints without running what is in them.

A checkpoint is a pickle, and a pickle can call any function. torch >= 2.6 therefore reads only tensors and plain data,
and so cannot read a checkpoint of MMEngine 0.10.7, which also holds the history of the logged values. Here exactly what
such checkpoints hold is allowed, and nothing else, with every torch since 2.1:

* `HistoryBuffer` (history of a logged value) and numpy's arrays and scalars;
* `getattr`, because a `HistoryBuffer` pickles its four statistics as `getattr(HistoryBuffer, 'mean')` and the like. The
  real one would open a way to any function, so the name stands for a function that knows only these four.
"""

import pickle
import re
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO, TypeAlias

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import checkpoint as mmengine_checkpoint
from mmengine.utils import digit_version
from torch import _weights_only_unpickler as torch_unpickler

MapLocation: TypeAlias = str | torch.device | Callable | dict | None

_STATISTICS = ('min', 'max', 'current', 'mean')
_INTEGERS = ('int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64')
_NUMPY_TYPES = ('bool', *_INTEGERS, 'float16', 'float32', 'float64')
_DAMAGED = (RuntimeError, EOFError, OSError, KeyError, IndexError, AttributeError, TypeError, ValueError, UnicodeError)


def _statistic(owner: type, name: str) -> Callable:
    """What `getattr` means in a checkpoint."""
    if owner is not HistoryBuffer or name not in _STATISTICS:
        raise pickle.UnpicklingError(f'GLOBAL getattr({owner}, {name!r}) was not an allowed global')
    return getattr(HistoryBuffer, name)


def _allowed() -> dict[str, Any]:
    """What a checkpoint of MMEngine may hold besides tensors and plain data, by the name in the file."""
    reduce_array, array_args, *_ = tuple(np.zeros(1).__reduce__())
    reduce_scalar = np.float64(0).__reduce__()[0]
    names = {
        'mmengine.logging.history_buffer.HistoryBuffer': HistoryBuffer,
        'builtins.getattr': _statistic,
        'numpy.ndarray': array_args[0],
        'numpy.dtype': np.dtype,
    }
    for module in ('numpy.core.multiarray', 'numpy._core.multiarray'):  # numpy 1 and 2
        names[f'{module}._reconstruct'] = reduce_array
        names[f'{module}.scalar'] = reduce_scalar
    for dtype in _NUMPY_TYPES:
        cls = type(np.dtype(dtype))
        names[f'{cls.__module__}.{cls.__qualname__}'] = cls
    return names


def install_safe_loading() -> None:
    """Let `torch.load` (torch >= 2.6) and all loading of MMEngine read MMEngine's checkpoints and refuse unsafe files.

    After it `mmengine.runner.load_checkpoint`, `Runner.resume`, `init_cfg=dict(type='Pretrained')` and the like go
    through `read_checkpoint`, for files, http(s) addresses and MMEngine's model names (`torchvision://` ...). A second
    call changes nothing. `mmstvg.models` and `mmstvg.engine` call it.
    """
    _allow_in_torch()
    mmengine_checkpoint.CheckpointLoader.register_scheme('', loader=load_from_file, force=True)
    mmengine_checkpoint.load_url = load_from_url


def read_checkpoint(path: str | Path, map_location: MapLocation = 'cpu', records: Sequence[type] = ()) -> dict:
    """Read a checkpoint of MMEngine, or any file of `torch.save` that holds tensors and plain data.

    Args:
        path: The file.
        map_location: As for `torch.load`.
        records: Classes that files of this kind also hold and that only keep values, such as `argparse.Namespace`.

    Returns:
        What the file holds, a dictionary.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file holds something that could run code, is damaged or half-written, or is no checkpoint.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'The checkpoint {path} does not exist.')
    try:
        content = _unpickle(path, map_location, records)
    except pickle.UnpicklingError as error:
        raise _refusal(path, str(error)) from None
    except torch.cuda.OutOfMemoryError:
        raise
    except _DAMAGED as error:
        raise ValueError(
            f'{path} cannot be read as a checkpoint: it is damaged, was not written to its end, or is another kind of '
            f'file ({type(error).__name__}: {error}).'
        ) from error
    if not isinstance(content, dict):
        raise ValueError(f'{path} holds a {type(content).__name__} where a checkpoint holds a dictionary.')
    return content


def load_from_file(filename: str, map_location: MapLocation = None) -> dict:
    """MMEngine's loader of local files, safe. Without a `map_location` tensors come to the CPU."""
    content = read_checkpoint(filename, map_location or 'cpu')
    if isinstance(content.get('meta'), dict):
        content['meta'].pop('config', None)  # a text that `Runner.resume` would run as Python
    return content


def load_from_url(
    url: str, model_dir: str | None = None, map_location: MapLocation = None, progress: bool = True
) -> dict:
    """Download into torch hub's folder once, then read safely. It stands in for `torch.hub`'s function in MMEngine.

    Args:
        url: Address of the file.
        model_dir: Folder for it; by default torch hub's.
        map_location: As for `torch.load`.
        progress: Whether to show a progress bar.

    Returns:
        What the file holds.

    Raises:
        ValueError: See `read_checkpoint`.
    """
    folder = Path(model_dir or Path(torch.hub.get_dir()) / 'checkpoints')
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / url.split('?')[0].rsplit('/', 1)[-1]
    if not path.exists():
        torch.hub.download_url_to_file(url, str(path), progress=progress)
    return load_from_file(str(path), map_location)


def _allow_in_torch() -> None:
    if digit_version(torch.__version__) >= digit_version('2.6.0'):
        torch.serialization.add_safe_globals([(thing, name) for name, thing in _allowed().items()])


def _unpickle(path: Path, map_location: MapLocation, records: Sequence[type]) -> Any:
    if digit_version(torch.__version__) >= digit_version('2.6.0'):
        _allow_in_torch()
        with torch.serialization.safe_globals(list(records)) if records else nullcontext():
            return torch.load(path, map_location=map_location, weights_only=True)
    return torch.load(path, map_location=map_location, weights_only=False, pickle_module=_restricted_pickle(records))


def _restricted_pickle(records: Sequence[type] = ()) -> SimpleNamespace:
    """A pickle module for torch < 2.6, which cannot be told what else to allow: its own list and ours, no more."""
    allowed = {**torch_unpickler._get_allowed_globals(), **_allowed()}
    allowed.update({f'{cls.__module__}.{cls.__qualname__}': cls for cls in records})

    class RestrictedUnpickler(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            full_name = f'{module.replace("__builtin__", "builtins")}.{name}'
            if full_name not in allowed:
                raise pickle.UnpicklingError(f'GLOBAL {full_name} was not an allowed global')
            return allowed[full_name]

    def load(file: BinaryIO, **options: Any) -> Any:
        return RestrictedUnpickler(file, **options).load()

    return SimpleNamespace(__name__='restricted_pickle', Unpickler=RestrictedUnpickler, load=load)


def _refusal(path: Path, reason: str) -> ValueError:
    found = re.search(r'GLOBAL (.+?) was not an allowed global|GLOBAL (\S+) whose module', reason)
    if found is None:
        return ValueError(f'{path} is not a checkpoint, or it is damaged; nothing of it was loaded.')
    name = found.group(1) or found.group(2)
    return ValueError(
        f'{path} holds `{name}`, which is neither a tensor nor plain data. A file like that can run code when it is '
        'read, so it was not. Take it from a source that you trust and save its weights alone.'
    )
