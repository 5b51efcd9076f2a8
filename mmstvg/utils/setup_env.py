"""Preparing a process before MMEngine's Runner starts, and ending it."""

import gc
import os
import subprocess
from datetime import timedelta

import torch
import torch.distributed as dist
from mmengine.config import Config

from .keep_memory import keep_freed_memory


def setup_env(cfg: Config, launcher: str = 'none') -> None:
    """Make a config run on what the machine has: with CUDA as it is, without on the CPU, distributed or not.

    MMEngine's own start of a process group picks a GPU and wraps the model for it. Without CUDA a gloo group is started
    here instead, which the Runner then finds, and the wrapper is told to use no device (`device_ids=None`); the process
    keeps the memory that it frees.

    Args:
        cfg: The config; `launcher` and, without CUDA, `model_wrapper_cfg.device_ids` are set in it.
        launcher: `'none'`, `'pytorch'` (torchrun) or `'slurm'`.

    Raises:
        ValueError: The launcher's variables are not set: this process was not started by it.
    """
    cfg.launcher = launcher
    if torch.cuda.is_available():
        return
    keep_freed_memory()
    if launcher == 'none':
        return
    if launcher == 'slurm':
        _name_slurm_process()
    missing = [name for name in ('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT') if name not in os.environ]
    if missing:
        raise ValueError(
            f"launcher='{launcher}', but {', '.join(missing)} are not set. Start several processes with "
            'tools/dist_train.sh or tools/slurm_train.sh, or leave --launcher out for one.'
        )
    wrapper = dict(cfg.get('model_wrapper_cfg') or dict(type='MMDistributedDataParallel'))
    cfg.model_wrapper_cfg = dict(wrapper, device_ids=None)
    if not dist.is_initialized():
        seconds = cfg.get('env_cfg', {}).get('dist_cfg', {}).get('timeout', 1800)
        dist.init_process_group('gloo', timeout=timedelta(seconds=seconds))


def close_env() -> None:
    """End the process group, if there is one, when all processes are here: one that just leaves breaks the others.

    A Runner that is no longer referred to goes first. A wrapped model that is still alive keeps the group's threads
    running into the end of the interpreter, which was seen to abort there.
    """
    if dist.is_initialized():
        gc.collect()
        dist.barrier()
        dist.destroy_process_group()


def _name_slurm_process() -> None:
    """The variables of torchrun from those of Slurm; tools/slurm_train.sh sets the port."""
    names = dict(RANK='SLURM_PROCID', WORLD_SIZE='SLURM_NTASKS', LOCAL_RANK='SLURM_LOCALID')
    os.environ.update({name: os.environ[slurm] for name, slurm in names.items() if slurm in os.environ})
    if 'MASTER_ADDR' not in os.environ and 'SLURM_NODELIST' in os.environ:
        hosts = subprocess.run(
            ['scontrol', 'show', 'hostname', os.environ['SLURM_NODELIST']], capture_output=True, text=True, check=True
        )
        os.environ['MASTER_ADDR'] = hosts.stdout.split()[0]
