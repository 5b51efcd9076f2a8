"""Memory of one step on the CPU, kept for the next."""

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of malloc.h
_HIGHEST = 2**31 - 1


def keep_freed_memory() -> bool:
    """Let this process and those it forks keep the big blocks that they free, for training on a CPU.

    By default glibc returns a block of more than 32 MB to the kernel when it is freed, so that each activation of the
    next step gets its pages anew, one fault and one zeroing for every 4 kB of it. Linux with glibc only.

    Returns:
        Whether the C library took the settings.
    """
    try:
        mallopt = ctypes.CDLL('libc.so.6').mallopt
    except (OSError, AttributeError):
        return False
    return all(mallopt(key, _HIGHEST) == 1 for key in (_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD))
