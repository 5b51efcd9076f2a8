from mmengine.dist import all_reduce_params
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from torch import Tensor

from mmstvg.registry import HOOKS

from .trained_weights import trained_weights


@HOOKS.register_module()
class AccumulationHook(Hook):
    """Lets a run that accumulates gradients go on exactly where it was, between two updates, too.

    At the end of an epoch some batches may wait for the others of their update. MMEngine drops their gradients on
    resuming and takes each iteration for one that adds some, also those whose videos could not be read. Here a
    checkpoint has, where gradients are accumulated, `accumulation`: `count`, the batches that added some, and
    `gradients`, what waits (as large as the weights that train; empty at an update).

    A batch that is left out shortens the training by one, so that the last update comes with the last batch.
    """

    priority = 'NORMAL'

    def __init__(self):
        self.resumed: dict | None = None

    def before_train(self, runner: Runner) -> None:
        """Go on with what was saved."""
        if self.resumed is None:
            return
        wrapper, count = runner.optim_wrapper, self.resumed['count']
        _shorten(wrapper, runner.iter - count)
        wrapper._inner_count = count
        for name, weight in trained_weights(runner).items():
            if name in self.resumed['gradients']:
                weight.grad = self.resumed['gradients'][name].to(weight.device)
        self.resumed = None

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs: dict | None = None
    ) -> None:
        """Count a batch that was left out."""
        if outputs is None:
            _shorten(runner.optim_wrapper, 1)

    def after_train_epoch(self, runner: Runner) -> None:
        """Share what waits among the processes, since the first one saves for all."""
        if not runner.optim_wrapper.should_update():
            all_reduce_params(list(_waiting(runner).values()), op='mean')

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add `accumulation`."""
        wrapper = runner.optim_wrapper
        if wrapper._accumulative_counts > 1:
            waiting = {} if wrapper.should_update() else _waiting(runner)
            gradients = {name: gradient.cpu() for name, gradient in waiting.items()}
            checkpoint['accumulation'] = dict(count=wrapper.inner_count, gradients=gradients)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep it until MMEngine has set its own count."""
        self.resumed = checkpoint.get('accumulation') if runner._resume else None


def _waiting(runner: Runner) -> dict[str, Tensor]:
    return {name: weight.grad for name, weight in trained_weights(runner).items() if weight.grad is not None}


def _shorten(wrapper: OptimWrapper, batches: int) -> None:
    wrapper._max_counts -= batches
    wrapper._remainder_counts = wrapper._max_counts % wrapper._accumulative_counts
