import signal
import threading
from types import FrameType
from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmstvg.registry import HOOKS
from mmstvg.utils import close_env

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@HOOKS.register_module()
class StopOnSignalHook(Hook):
    """On SIGTERM (a cluster's scheduler) or SIGINT (Ctrl-C) the training ends after the step, with a checkpoint.

    It sets `stop_training` of the loop; `ResumableCheckpointHook` then saves. All processes stop at the same step, also
    where the signal reaches them at different moments or only one of them; with accumulated gradients at the next
    update. The program ends with status 128 + signal, so that a script does not take the training for finished;
    `--resume` goes on. In a validation it ends at once, since the epoch has been saved. A second Ctrl-C ends it at
    once, too.
    """

    priority = 'LOW'

    def __init__(self):
        self.received = 0
        self.previous: dict[int, Any] = {}  # handlers by signal

    def before_train(self, runner: Runner) -> None:
        """Listen."""
        self.received = 0
        if threading.current_thread() is threading.main_thread():  # others cannot
            self.previous = {number: signal.signal(number, self._receive) for number in _SIGNALS}

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs: dict | None = None
    ) -> None:
        """Stop, if any process has received a signal."""
        received = self._received_anywhere()  # one that comes from now on is seen by all after the next step
        self.received = received or self.received
        if received and runner.optim_wrapper.should_update():
            name = signal.Signals(received).name
            runner.logger.warning(f'{name}: the training stops after iteration {runner.iter + 1}; --resume goes on.')
            runner.train_loop.stop_training = True

    def after_val_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs: list | None = None
    ) -> None:
        """Leave a validation."""
        if self.received:
            self._end()

    def after_run(self, runner: Runner) -> None:
        """End the program, if it was told to, once all processes are here: torchrun ends the others with the first."""
        if self.received:
            close_env()
        self._end()

    def _end(self) -> None:
        for number, handler in self.previous.items():
            signal.signal(number, handler)
        self.previous = {}
        if self.received:
            raise SystemExit(128 + self.received)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and self.received == signal.SIGINT:
            raise KeyboardInterrupt
        self.received = number

    def _received_anywhere(self) -> int:
        if get_world_size() == 1:
            return self.received
        received = torch.tensor(self.received)
        all_reduce(received, op='max')
        return int(received)
