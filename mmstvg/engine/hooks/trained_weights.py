"""The model of a Runner without the wrapper for several processes."""

from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn


def plain_model(runner: Runner) -> nn.Module:
    """The model itself."""
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def trained_weights(runner: Runner) -> dict[str, nn.Parameter]:
    """Its weights that train, by name."""
    return {name: weight for name, weight in plain_model(runner).named_parameters() if weight.requires_grad}
