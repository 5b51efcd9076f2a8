from bisect import bisect_right
from collections.abc import Sequence

from mmengine.optim import BaseOptimWrapper

from mmstvg.registry import PARAM_SCHEDULERS

from .group_lr_scheduler import GroupLRScheduler


@PARAM_SCHEDULERS.register_module()
class WarmupMultiStepLR(GroupLRScheduler):
    """After an optional linear warm-up the rate drops by `gamma` at each of some epochs.

    Args:
        optimizer: The wrapped optimizer.
        milestones: Epochs, counted from 0, from whose first step on the rate is lower. One at the end of the training
            never acts.
        gamma: Factor at each milestone.
        groups: See `GroupLRScheduler`, also for the others.
        warmup_fraction: Part of all steps.
        epoch_length: Filled in by the Runner, like the next two.
        end: Epochs of the training.
        last_step: The step to resume from.

    Raises:
        ValueError: The milestones do not ascend.
    """

    def __init__(
        self,
        optimizer: BaseOptimWrapper,
        milestones: Sequence[int],
        gamma: float = 0.1,
        groups: Sequence[str] | None = None,
        warmup_fraction: float = 0.0,
        *,
        epoch_length: int | None = None,
        end: int,
        last_step: int = -1,
    ):
        self.milestones = list(milestones)
        if sorted(self.milestones) != self.milestones:
            raise ValueError(f'milestones must ascend, got {self.milestones}.')
        self.gamma = gamma
        super().__init__(optimizer, groups, warmup_fraction, epoch_length=epoch_length, end=end, last_step=last_step)

    def decay(self, step: int) -> float:
        """`gamma` to the power of the number of milestones passed."""
        return self.gamma ** bisect_right(self.milestones, step // self.epoch_length)
