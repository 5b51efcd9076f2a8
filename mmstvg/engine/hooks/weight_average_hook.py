import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from mmstvg.registry import HOOKS

from .trained_weights import plain_model, trained_weights


@HOOKS.register_module()
class WeightAverageHook(Hook):
    """Keeps an exponential moving average of the weights, evaluates with it and saves it as the model's weights.

    After each update `average = (1 - momentum) * average + momentum * weight`, from the first update on, starting at
    the initial weights; momentum 0.0002 is the reference's decay of 0.9998. It differs from MMEngine's `EMAHook`, whose
    first update copies, whose later ones go over frozen weights too, and which counts iterations rather than updates
    when gradients are accumulated. Only weights that train are averaged. Frozen ones and buffers are the model's own.

    `momentum` times the way from average to weight soon falls below what float32 resolves, and a plain float32 average
    then stands still. So the average is a sum of two float32 tensors: the average and a carry with what rounding took
    from it.

    A checkpoint has the average in `state_dict`, ready for use, and in `ema_state_dict` what resuming needs:
    `weights` (those that train) and `carry`.

    Args:
        momentum: Share of the new weights in each update, in (0, 1).

    Raises:
        ValueError: `momentum` is out of range.
    """

    priority = 'NORMAL'

    def __init__(self, momentum: float = 0.0002):
        if not 0 < momentum < 1:
            raise ValueError(f'momentum must lie in (0, 1), got {momentum}.')
        self.momentum = momentum
        self.average: dict[str, Tensor] = {}
        self.carry: dict[str, Tensor] = {}

    def before_train(self, runner: Runner) -> None:
        """Start at the model's weights, unless resumed."""
        if not self.average:
            self.average = {name: weight.detach().clone() for name, weight in trained_weights(runner).items()}
            self.carry = {name: torch.zeros_like(weight) for name, weight in self.average.items()}

    @torch.no_grad()
    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs: dict | None = None
    ) -> None:
        """Average, if the step has updated the weights."""
        if outputs is None or not runner.optim_wrapper.should_update():
            return
        weights = trained_weights(runner)
        average, carry = ([part[name] for name in weights] for part in (self.average, self.carry))
        ahead = torch._foreach_sub([weight.detach() for weight in weights.values()], average)
        torch._foreach_lerp_(carry, ahead, self.momentum)  # carry + momentum * (weight - average - carry)
        before = [tensor.clone() for tensor in average]
        torch._foreach_add_(average, carry)
        torch._foreach_sub_(before, average)
        torch._foreach_add_(carry, before)  # what the addition to `average` has rounded away

    def before_val_epoch(self, runner: Runner) -> None:
        """Validate with the average."""
        self._swap(runner)

    def after_val_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Train on with the weights."""
        self._swap(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Put the average into `state_dict`."""
        state = checkpoint['state_dict']
        first_name = {id(weight): name for name, weight in trained_weights(runner).items()}
        names = {  # every name of a weight, also the second one of a weight that two modules share
            name: first_name[id(weight)]
            for name, weight in plain_model(runner).named_parameters(remove_duplicate=False)
            if weight.requires_grad
        }
        checkpoint['ema_state_dict'] = dict(
            weights={name: state[name] for name in names},
            carry={name: tensor.cpu() for name, tensor in self.carry.items()},
        )
        state.update({name: self.average[first].cpu() for name, first in names.items()})

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """On resuming take the average out of `state_dict` and put the weights back."""
        if not runner._resume:
            return
        if set(checkpoint.get('ema_state_dict', ())) != {'weights', 'carry'}:
            raise ValueError('The checkpoint has no average of the weights (ema_state_dict) to resume from.')
        state, saved = checkpoint['state_dict'], checkpoint['ema_state_dict']
        self.average = {name: state[name].clone() for name in saved['carry']}
        self.carry = {name: tensor.clone() for name, tensor in saved['carry'].items()}
        state.update(saved['weights'])

    @torch.no_grad()
    def _swap(self, runner: Runner) -> None:
        if not self.average:  # evaluation without training: the checkpoint already holds the average
            return
        for name, weight in trained_weights(runner).items():
            before = weight.clone()
            weight.copy_(self.average[name])
            self.average[name].copy_(before)
