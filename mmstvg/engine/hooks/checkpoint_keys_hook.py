from collections.abc import Sequence

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmstvg.registry import HOOKS

from .trained_weights import plain_model


@HOOKS.register_module()
class CheckpointKeysHook(Hook):
    """Refuses a checkpoint that does not fit the model, where MMEngine prints a warning and goes on.

    Every key of the checkpoint must be one of the model, of the same shape. Weights of the model may be missing in the
    checkpoint only where a training starts from it (`load_from`, say from weights that leave out the heads); then they
    are listed. For tests and for resuming nothing may be missing.

    Args:
        ignore: Beginnings of keys that are not looked at where a training starts, for weights that should not be taken
            over, such as `['backbone.']` after a change of the backbone. Its own checkpoints are taken whole.

    Raises:
        ValueError: Names unknown and missing keys and those of another shape.
    """

    priority = 'HIGHEST'

    def __init__(self, ignore: Sequence[str] = ()):
        self.ignore = tuple(ignore)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare with the model, before the weights are copied."""
        model = plain_model(runner)
        own = model.state_dict()
        state = checkpoint.get('state_dict', checkpoint)
        starts_training = (
            runner._train_loop is not None and not isinstance(runner._train_loop, dict) and not runner._resume
        )
        ignore = self.ignore if starts_training else ()
        for key in [key for key in state if key.startswith(ignore)]:
            del state[key]
        keys = {key.removeprefix('module.'): value for key, value in state.items()}  # as MMEngine does
        unknown = [key for key in keys if key not in own]
        missing = [key for key in own if key not in keys and not key.startswith(ignore)]
        reshaped = [key for key in keys if key in own and keys[key].shape != own[key].shape]
        problems = _listed('unknown to the model', unknown) + _listed('of another shape', reshaped)
        if missing and starts_training:
            runner.logger.warning(f'Not in the checkpoint, so initialised: {_short(missing)}')
        else:
            problems += _listed('missing', missing)
        if problems:
            raise ValueError(
                f'The checkpoint is not of this model ({type(model).__name__}). Keys {"; ".join(problems)}.'
            )


def _listed(what: str, keys: list[str]) -> list[str]:
    return [f'{what}: {_short(keys)}'] if keys else []


def _short(keys: list[str]) -> str:
    more = f' and {len(keys) - 20} more' if len(keys) > 20 else ''
    return ', '.join(keys[:20]) + more
