"""Time, memory and device reads of a piece of work."""

import ctypes
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from types import FrameType
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode
from tqdm import tqdm

Work = Callable[[], Any]

_aten = torch.ops.aten
_READS = {_aten._local_scalar_dense.default, _aten.nonzero.default, _aten.masked_select.default}
_PACKAGE = str(Path(__file__).parents[1])
_TORCH = str(Path(torch.__file__).parent)


def median_seconds(works: dict[str, Work], repeat: int, device: torch.device) -> dict[str, float]:
    """Median time of each work over `repeat` rounds.

    Every round runs all works one after another, so that a slow moment of the machine meets all alike. One round before
    does not count.

    Args:
        works: Name to a function without arguments.
        repeat: Number of rounds.
        device: Where they run; a CUDA device is waited for.

    Returns:
        Name to seconds.
    """
    seconds: dict[str, list[float]] = {name: [] for name in works}
    rounds = [(counts, name) for counts in [False] + [True] * repeat for name in works]
    for counts, name in tqdm(rounds, desc='Timing', leave=False):
        _wait(device)
        start = time.perf_counter()
        works[name]()
        _wait(device)
        if counts:
            seconds[name].append(time.perf_counter() - start)
    return {name: median(values) for name, values in seconds.items()}


def peak_bytes(work: Work, device: torch.device) -> int | None:
    """Most memory that a work takes beyond what is in use before it.

    On CUDA what the allocator hands out. On the CPU the growth of the process's resident memory, which Linux alone can
    say; it is coarser.

    Returns:
        Bytes; None where it cannot be said.
    """
    if device.type == 'cuda':
        _wait(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        work()
        _wait(device)
        return torch.cuda.max_memory_allocated(device) - before
    try:
        ctypes.CDLL('libc.so.6').malloc_trim(0)
        Path('/proc/self/clear_refs').write_text('5')  # the peak starts again at the current use
        before = _memory_of_process('VmRSS')
        work()
        return max(0, _memory_of_process('VmHWM') - before)
    except (OSError, AttributeError, StopIteration):
        return None


def bytes_kept_for_backward(forward: Work, own: Iterable[Tensor]) -> int:
    """Memory that the graph of `forward` holds on to until its backward pass.

    Args:
        forward: Gives what the backward pass would start from.
        own: Tensors that do not count, the model's parameters and buffers, since they are there anyway.

    Returns:
        Bytes of all distinct storages that were saved.
    """
    not_counted = {tensor.untyped_storage().data_ptr() for tensor in own}
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in not_counted:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with saved_tensors_hooks(note, lambda tensor: tensor):
        result = forward()  # its graph stays alive, so that no two storages have one address
    total = sum(kept.values())
    del result
    return total


def device_reads(work: Work, device: torch.device) -> Counter:
    """Count where a work reads values of tensors, which makes the host wait for the device.

    On CUDA these are the synchronisations that PyTorch reports. On the CPU nothing waits; the operations that would are
    counted instead: `item()` and what calls it, `nonzero`, indexing by a mask.

    Returns:
        Place in the code, `file:line`, to the number of reads.
    """
    if device.type != 'cuda':
        with _ReadCounter() as counter:
            work()
        return counter.places
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        torch.cuda.set_sync_debug_mode('warn')
        try:
            work()
        finally:
            torch.cuda.set_sync_debug_mode('default')
    return Counter(f'{w.filename}:{w.lineno}' for w in caught if 'called a synchronizing' in str(w.message))


class _ReadCounter(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.places: Counter = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func in _READS or (func is _aten.index.Tensor and _by_mask(args[1])):
            self.places[_caller()] += 1
        return func(*args, **(kwargs or {}))


def _by_mask(indices: list[Tensor | None]) -> bool:
    return any(index is not None and index.dtype in (torch.bool, torch.uint8) for index in indices)


def _caller() -> str:
    """The innermost line of mmstvg on the stack, and that of another package that it called (torch aside)."""
    frame: FrameType | None = sys._getframe(2)
    called = ''
    while frame is not None:
        file, line = frame.f_code.co_filename, frame.f_lineno
        if file.startswith(_PACKAGE) and file != __file__:
            return f'{Path(file).relative_to(Path(_PACKAGE).parent)}:{line}{called and f" ({called})"}'
        if not called and file != __file__ and not file.startswith(_TORCH):
            called = f'{"/".join(Path(file).parts[-2:])}:{line}'
        frame = frame.f_back
    return called or 'unknown'


def _wait(device: torch.device) -> None:
    if device.type == 'cuda':
        torch.cuda.synchronize(device)


def _memory_of_process(name: str) -> int:
    lines = Path('/proc/self/status').read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f'{name}:'))
