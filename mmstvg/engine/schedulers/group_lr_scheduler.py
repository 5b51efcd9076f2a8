from abc import abstractmethod
from collections.abc import Sequence

from mmengine.optim import BaseOptimWrapper
from mmengine.optim.scheduler.param_scheduler import _ParamScheduler


class GroupLRScheduler(_ParamScheduler):
    """Base of schedules that set the learning rate of some groups of parameters after each update.

    A rate is the group's base rate times a factor, and the factor is a function of the step alone, so schedules of
    different groups live beside each other in one optimizer, and a resumed run has the same rates as an unbroken one.
    The step counts updates from 1; the first update runs at the base rate, warm-up or not (as in the reference). With
    accumulated gradients only whole updates count, in units of iterations.

    Args:
        optimizer: The wrapped optimizer; its groups have names (`GroupedOptimWrapperConstructor`).
        groups: Names of the groups to act on; None for all.
        warmup_fraction: Part of all steps over which the rate rises linearly from 0, in [0, 1).
        epoch_length: Iterations of an epoch. The Runner fills it in where the config says `convert_to_iter_based=True`.
        end: Epochs of the training. The Runner fills it in.
        last_step: For MMEngine; a resumed run sets it from the checkpoint.

    Raises:
        ValueError: The optimizer has no group of such a name, `warmup_fraction` is out of range, or the Runner was not
            asked for `epoch_length`.
    """

    def __init__(
        self,
        optimizer: BaseOptimWrapper,
        groups: Sequence[str] | None = None,
        warmup_fraction: float = 0.0,
        *,
        epoch_length: int | None = None,
        end: int,
        last_step: int = -1,
    ):
        if epoch_length is None:
            raise ValueError(f'Set convert_to_iter_based=True for {type(self).__name__}; it acts after each iteration.')
        if not 0 <= warmup_fraction < 1:
            raise ValueError(f'warmup_fraction must be in [0, 1), got {warmup_fraction}.')
        names = [group.get('name') for group in optimizer.param_groups]
        self.groups = names if groups is None else list(groups)
        unknown = [name for name in self.groups if name not in names]
        if unknown:
            raise ValueError(f'The scheduler acts on the groups {unknown}, but the optimizer has {names}.')
        self.epoch_length = epoch_length
        self.total_steps = end * epoch_length
        self.warmup_steps = round(warmup_fraction * self.total_steps)
        self.update_length = getattr(optimizer, '_accumulative_counts', 1)  # iterations an update
        super().__init__(optimizer, 'lr', by_epoch=False, last_step=last_step)

    @classmethod
    def build_iter_from_epoch(cls, **options) -> 'GroupLRScheduler':
        """What MMEngine calls for `convert_to_iter_based=True`, with `epoch_length`."""
        return cls(**options)

    @abstractmethod
    def decay(self, step: int) -> float:
        """Factor on the base rate after the warm-up, at `step` in `1 … total_steps`."""

    def factor(self, step: int) -> float:
        """Factor on the base rate in the update that follows `step` updates."""
        if step == 0:
            return 1.0
        if step < self.warmup_steps:
            return step / self.warmup_steps
        return self.decay(step)

    def step(self) -> None:
        """Set the rates for the next update. MMEngine calls it after each iteration."""
        self.last_step += 1
        factor = self.factor(self.last_step - self.last_step % self.update_length)
        for group, base in zip(self.optimizer.param_groups, self.base_values, strict=True):
            if group.get('name') in self.groups:
                group['lr'] = base * factor
        self._last_value = [group['lr'] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict:
        """The step; everything else follows from the config."""
        return {'last_step': self.last_step}
