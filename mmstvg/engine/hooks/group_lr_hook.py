from collections import Counter

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmstvg.registry import HOOKS

from ..schedulers import GroupLRScheduler


@HOOKS.register_module()
class GroupLRHook(Hook):
    """Logs the learning rate of each group of parameters by its name, as `rest_lr`, `appearance_lr`, ...

    Before the training it also checks that no group has two schedules, since the later one would silently win.

    Raises:
        ValueError: A group has two schedules.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Check that the schedules do not overlap."""
        schedulers = runner.param_schedulers or []
        counts = Counter(name for s in schedulers if isinstance(s, GroupLRScheduler) for name in s.groups)
        double = [name for name, count in counts.items() if count > 1]
        if double:
            raise ValueError(f'Two schedulers of param_scheduler act on the groups {double}.')

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None) -> None:
        """Log the rates of the coming update."""
        for group in runner.optim_wrapper.param_groups:
            if 'name' in group:
                runner.message_hub.update_scalar(f'train/{group["name"]}_lr', group['lr'])
