import os
import signal
import threading
from collections.abc import Iterable

from mmengine.dist import all_reduce, broadcast, get_world_size
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import nn, tensor
from torch.utils.data import DataLoader

from mmstvg.registry import LOOPS

from .skipped_items import SkippedItems
from .validates_after import validates_after


@LOOPS.register_module()
class ResumableTrainLoop(EpochBasedTrainLoop):
    """MMEngine's loop over epochs, which can also stop inside an epoch and go on there, exactly.

    * The order of an epoch is a function of seed and epoch (the sampler's), so a resumed run skips the batches that
      were done without loading them. With `StepSeedHook` and data sets that seed each item, so is all chance.
    * `stop_training`, set by a hook, ends the training after the step, without the end-of-epoch work.
    * A validation that was due when the run was stopped is made up for.
    * Videos that could not be read (`on_broken_video='skip'`) are left out of their batch; a batch with nothing left,
      on any process, is left out by all. After an epoch they are counted by reason in the log.

    Args:
        runner: The Runner.
        dataloader: Config of the loader, or a loader.
        max_epochs: Epochs to train.
        val_begin: First epoch, counted from 1, after which to validate.
        val_interval: Epochs between two validations.

    Raises:
        ValueError: On resuming in the middle of an epoch, if epochs have another number of batches by now.
        RuntimeError: A data worker died.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        max_epochs: int,
        val_begin: int = 1,
        val_interval: int = 1,
    ):
        if isinstance(dataloader, dict):
            options = dict(dataloader)
            options.setdefault('worker_init_fn', dict(type=leave_signals_to_the_trainer))
            # One seed for all processes, so that the samplers share out one order.
            dataloader = runner.build_dataloader(options, seed=_common_seed(runner))
        super().__init__(runner, dataloader, max_epochs, val_begin, val_interval)
        self._skipped = SkippedItems()

    def run(self) -> nn.Module:
        """Train up to `max_epochs`."""
        self.runner.call_hook('before_train')
        self._check_position()
        if self._done_in_epoch() == 0:
            self._validate_if_due()
        while self._epoch < self._max_epochs and not self.stop_training:
            self.run_epoch()
            if not self.stop_training:
                self._validate_if_due()
        self.runner.call_hook('after_train')
        return self.runner.model

    def run_epoch(self) -> None:
        """Train the rest of the current epoch."""
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        if hasattr(self.dataloader.dataset, 'set_epoch'):
            self.dataloader.dataset.set_epoch(self._epoch)
        try:
            self._run_batches(self._done_in_epoch())
        except (RuntimeError, ConnectionError, EOFError) as error:
            # A worker that dies while it sends a batch shows as a broken connection; one that raises is alive.
            is_death = not isinstance(error, RuntimeError) or str(error).startswith('DataLoader worker (pid')
            if self.dataloader.num_workers == 0 or not is_death:
                raise
            _stop_watching_workers()
            what = f'{error}' if isinstance(error, RuntimeError) else f'A DataLoader worker exited ({error!r}).'
            raise RuntimeError(f'{what} {self._in_work()}') from error
        self._skipped.report(self.runner.logger)
        if self.stop_training:
            return
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1

    def _run_batches(self, done: int) -> None:
        for index, batch in enumerate(self._batches_after(done), start=done):
            usable = self._skipped.take_out(batch)
            if _everywhere(usable is not None):
                self.run_iter(index, usable)
            else:
                self._leave_out(index, batch)
            if self.stop_training:
                return

    def _leave_out(self, index: int, batch: dict) -> None:
        """An iteration without an update: the hooks count it, with `outputs=None`."""
        self.runner.logger.warning(f'Iteration {self._iter + 1} is left out: a batch has no readable video.')
        self.runner.call_hook('before_train_iter', batch_idx=index, data_batch=batch)
        self.runner.call_hook('after_train_iter', batch_idx=index, data_batch=batch, outputs=None)
        self._iter += 1

    def _done_in_epoch(self) -> int:
        return self._iter - self._epoch * len(self.dataloader)

    def _check_position(self) -> None:
        length = len(self.dataloader)
        previous = self.runner.message_hub.get_info('epoch_length', length)
        if previous != length and self._iter > 0:
            raise ValueError(
                f'The checkpoint is of a training with {previous} iterations an epoch, now there are {length}: items, '
                'batch size or number of processes differ. Resume as it was, or start anew from its weights.'
            )
        self.runner.message_hub.update_info('epoch_length', length)
        if self._iter == 0:
            self.runner.message_hub.update_info('epoch_validated', 0)

    def _validate_if_due(self) -> None:
        hub = self.runner.message_hub
        if not validates_after(self, self._epoch) or hub.get_info('epoch_validated', 0) >= self._epoch:
            return
        hub.update_info('epoch_validated', self._epoch)  # before, so that what the validation saves knows of it
        self.runner.val_loop.run()

    def _in_work(self) -> str:
        """The items that the workers may have been reading, for the message about a dead one."""
        loader = self.dataloader
        done = self._done_in_epoch()
        batches = list(loader.batch_sampler)[done : done + loader.num_workers * loader.prefetch_factor]
        items = [loader.dataset.get_data_info(index) for batch in batches for index in batch]
        names = ', '.join(f'{item["item_id"]} ({item["video_path"]})' for item in items)
        return f'It may have run out of memory, or a video broke it. Being read were the items {names}.'

    def _batches_after(self, done: int) -> Iterable[dict]:
        if done == 0:
            return self.dataloader
        loader = self.dataloader
        rest = list(loader.batch_sampler)[done:]
        self.runner.logger.info(f'Epoch {self._epoch + 1} goes on after {done} of its {len(loader)} iterations.')
        return DataLoader(
            loader.dataset,
            batch_sampler=rest,
            num_workers=loader.num_workers,
            collate_fn=loader.collate_fn,
            pin_memory=loader.pin_memory,
            timeout=loader.timeout,
            worker_init_fn=loader.worker_init_fn,
            multiprocessing_context=loader.multiprocessing_context,
            prefetch_factor=loader.prefetch_factor,
        )


def leave_signals_to_the_trainer(worker_id: int) -> None:
    """Start of a data worker: a signal to all processes of a run must not take the data from a trainer that is saving.

    So the worker ignores SIGINT and any SIGTERM that does not come from the trainer itself.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, 'sigwaitinfo'):  # not on macOS
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=_end_when_trainer_says, args=(os.getppid(),), daemon=True).start()


def _end_when_trainer_says(trainer: int) -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != trainer:
        pass
    os._exit(0)


def _everywhere(condition: bool) -> bool:
    """Whether the condition holds on all processes."""
    if get_world_size() == 1:
        return condition
    flag = tensor(int(condition))
    all_reduce(flag, op='min')
    return bool(flag)


def _common_seed(runner: Runner) -> int:
    seed = tensor(runner.seed)
    broadcast(seed)
    return int(seed)


def _stop_watching_workers() -> None:
    """torch, knowing of a dead worker, raises again whenever any child ends, even while the first is reported."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
