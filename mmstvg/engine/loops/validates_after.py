"""When an epoch is followed by a validation."""

from mmengine.runner import EpochBasedTrainLoop


def validates_after(loop: EpochBasedTrainLoop, epoch: int) -> bool:
    """Whether a validation follows this epoch, counted from 1; MMEngine's rule, so for its own loop, too."""
    due = epoch >= loop.val_begin and (epoch % loop.val_interval == 0 or epoch == loop.max_epochs)
    return due and loop.runner.val_loop is not None
