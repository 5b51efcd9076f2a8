from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.distributed.optim import ZeroRedundancyOptimizer

from mmstvg.engine.loops.validates_after import validates_after
from mmstvg.registry import HOOKS
from mmstvg.utils.atomic_file import publish_file, write_text_atomically
from mmstvg.utils.resume import POINTER

_MID_EPOCH = 'mid_epoch.pth'


@HOOKS.register_module()
class ResumableCheckpointHook(Hook):
    """Saves checkpoints so that a run that dies at any moment can go on from the last one.

    Each is written under another name, brought to the disk, and then given its name in one step; older ones are removed
    only after that (MMEngine's own hook removes first and writes in place). The file `last_checkpoint` names the last.

    * `epoch_N.pth` after each `interval` epochs, and once more after its validation, with the metrics.
    * `mid_epoch.pth` after each `iter_interval` iterations, and when the training is stopped inside an epoch (with
      accumulated gradients at the next update); also before the validation of an epoch that `interval` leaves out.
    * `best_{metric}_epoch_N.pth` when the validation was the best so far: only the weights it was done with.

    Args:
        interval: Epochs between two checkpoints; the last epoch is always saved.
        iter_interval: Iterations between two checkpoints inside an epoch; None for none.
        max_keep_ckpts: Number of `epoch_N.pth` to keep, at least 1; -1 for all.
        save_best: Name of the metric, higher is better; None for no best checkpoint.

    Raises:
        ValueError: `max_keep_ckpts` is 0.
        KeyError: The validation has no metric called `save_best`.
        OSError: A checkpoint cannot be written; the message names the one that is still there.
    """

    priority = 'VERY_LOW'

    def __init__(
        self,
        interval: int = 1,
        iter_interval: int | None = None,
        max_keep_ckpts: int = 2,
        save_best: str | None = None,
    ):
        if max_keep_ckpts == 0:
            raise ValueError('max_keep_ckpts is at least 1, or -1 for all, got 0.')
        self.interval = interval
        self.iter_interval = iter_interval
        self.max_keep_ckpts = max_keep_ckpts
        self.save_best = save_best
        self.training = False
        self.due = False
        self.weights_only = False

    def before_train(self, runner: Runner) -> None:
        """A run that starts anew does not leave the trace of an older one in its folder to be resumed from."""
        self.training = True
        if runner.iter == 0:
            runner.message_hub.update_info_dict(dict(kept_checkpoints=[], best_score=float('-inf'), best_ckpt=None))
            if is_main_process():
                (Path(runner.work_dir) / POINTER).unlink(missing_ok=True)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs: dict | None = None
    ) -> None:
        """Save inside an epoch, if it is time or the training is being stopped."""
        if self.iter_interval is not None and self.every_n_train_iters(runner, self.iter_interval):
            self.due = True
        if (self.due or runner.train_loop.stop_training) and runner.optim_wrapper.should_update():
            self.due = False
            self._save(runner, _MID_EPOCH, epoch=runner.epoch, iteration=runner.iter + 1)

    def after_train_epoch(self, runner: Runner) -> None:
        """Save a finished epoch, and before a validation one that is not due, too: it may be stopped in there."""
        epoch = runner.epoch + 1
        if self.every_n_epochs(runner, self.interval) or self.is_last_train_epoch(runner):
            self._save_epoch(runner, epoch)
        elif validates_after(runner.train_loop, epoch):
            self._save(runner, _MID_EPOCH, epoch=epoch, iteration=runner.iter)

    def after_val_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Save the best weights, and the metrics with the epoch's checkpoint."""
        if not self.training:
            return
        if self.save_best is not None:
            self._save_if_best(runner, metrics or {})
        if self._epoch_file(runner.epoch) in runner.message_hub.get_info('kept_checkpoints', []):
            self._save_epoch(runner, runner.epoch)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Drop from a best checkpoint what only resuming needs."""
        if self.weights_only:
            for key in set(checkpoint) - {'meta', 'state_dict'}:
                del checkpoint[key]

    def after_train(self, runner: Runner) -> None:
        """What is saved from now on is not this hook's."""
        self.training = False

    @staticmethod
    def _epoch_file(epoch: int) -> str:
        return f'epoch_{epoch}.pth'

    def _save_epoch(self, runner: Runner, epoch: int) -> None:
        name = self._epoch_file(epoch)
        kept = [other for other in runner.message_hub.get_info('kept_checkpoints', []) if other != name] + [name]
        number = len(kept) if self.max_keep_ckpts < 0 else self.max_keep_ckpts
        runner.message_hub.update_info('kept_checkpoints', kept[-number:])
        self._save(runner, name, epoch=epoch, iteration=runner.iter)
        self._remove(runner, [*kept[:-number], _MID_EPOCH])

    def _save_if_best(self, runner: Runner, metrics: dict) -> None:
        if self.save_best not in metrics:
            raise KeyError(f"save_best='{self.save_best}' is none of the metrics: {', '.join(metrics)}.")
        score, hub = float(metrics[self.save_best]), runner.message_hub
        if score <= hub.get_info('best_score'):
            return
        previous = hub.get_info('best_ckpt')
        name = f'best_{self.save_best}_epoch_{runner.epoch}.pth'.replace('/', '_')
        hub.update_info('best_score', score)
        hub.update_info('best_ckpt', name)
        self.weights_only = True
        self._write(runner, name, epoch=runner.epoch, iteration=runner.iter)
        self.weights_only = False
        runner.logger.info(f'Best {self.save_best} so far: {score:.4f}, saved as {name}')
        if previous not in (None, name):
            self._remove(runner, [previous])

    def _save(self, runner: Runner, name: str, epoch: int, iteration: int) -> None:
        self._write(runner, name, epoch, iteration)
        if is_main_process():
            path = Path(runner.work_dir) / name
            write_text_atomically(Path(runner.work_dir) / POINTER, str(path))
            runner.logger.info(f'Saved {path}')

    def _write(self, runner: Runner, name: str, epoch: int, iteration: int) -> None:
        part = f'{name}.part'
        optimizer = runner.optim_wrapper.optimizer
        if isinstance(optimizer, ZeroRedundancyOptimizer) and not self.weights_only:
            optimizer.consolidate_state_dict()  # takes all processes, and the first alone saves
        meta = dict(epoch=epoch, iter=iteration)
        try:
            runner.save_checkpoint(runner.work_dir, part, save_optimizer=not self.weights_only, meta=meta)
            if is_main_process():
                publish_file(Path(runner.work_dir) / part, Path(runner.work_dir) / name)
        except OSError as error:
            (Path(runner.work_dir) / part).unlink(missing_ok=True)
            pointer = Path(runner.work_dir) / POINTER
            last = pointer.read_text() if pointer.is_file() else 'none'
            raise OSError(f'{name} cannot be saved ({error}). The last whole checkpoint: {last}.') from error

    @staticmethod
    def _remove(runner: Runner, names: list[str]) -> None:
        if is_main_process():
            for name in names:
                (Path(runner.work_dir) / name).unlink(missing_ok=True)
