import math

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmstvg.registry import HOOKS


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stops the run when a loss or the gradient is NaN or Inf, and names the items of the batch.

    It looks after every step, at no cost: MMEngine has read all losses from the device by then, for its history, and
    gradient clipping its norm, so no value is read twice. The weights are spoiled at that point, but nothing is saved
    any more; the last checkpoint is sound.

    With float16 and its loss scaler an infinite gradient is normal (the scaler leaves the step out) and no reason to
    stop. An infinite loss is.

    Raises:
        FloatingPointError: Names what is not finite and the `item_id` and `video_id` of the batch.
    """

    priority = 'VERY_HIGH'

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs: dict | None = None
    ) -> None:
        """Look at what was logged of the step."""
        if outputs is None:
            return
        names = list(outputs) if hasattr(runner.optim_wrapper, 'loss_scaler') else [*outputs, 'grad_norm']
        logged = {name: runner.message_hub.log_scalars.get(f'train/{name}') for name in names}
        wrong = [name for name, history in logged.items() if history and not math.isfinite(history.current())]
        if wrong:
            items = ', '.join(self._names(data_batch))
            raise FloatingPointError(
                f'Not finite at iteration {runner.iter + 1} (epoch {runner.epoch + 1}): {", ".join(wrong)}. '
                f'The batch: {items}. The last checkpoint is from before it.'
            )

    @staticmethod
    def _names(data_batch: dict | None) -> list[str]:
        samples = (data_batch or {}).get('data_samples', [])
        return [f'item {sample.get("item_id")} (video {sample.get("video_id")})' for sample in samples]
