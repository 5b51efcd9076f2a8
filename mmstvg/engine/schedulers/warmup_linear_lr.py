from mmstvg.registry import PARAM_SCHEDULERS

from .group_lr_scheduler import GroupLRScheduler


@PARAM_SCHEDULERS.register_module()
class WarmupLinearLR(GroupLRScheduler):
    """A linear warm-up, then a linear decay to 0 at the end of the training. Arguments: see `GroupLRScheduler`."""

    def decay(self, step: int) -> float:
        """Part of the steps after the warm-up that is left."""
        return max(0.0, (self.total_steps - step) / max(1, self.total_steps - self.warmup_steps))
