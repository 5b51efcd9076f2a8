"""Build a model from a config and a checkpoint."""

from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope, init_default_scope

from mmstvg.models.grounders import BaseGrounder
from mmstvg.registry import MODELS
from mmstvg.utils.config import load_config
from mmstvg.utils.safe_checkpoint import read_checkpoint


def init_model(
    config: str | Path | Config,
    checkpoint: str | Path | None = None,
    device: str | torch.device | None = None,
    cfg_options: dict | None = None,
) -> BaseGrounder:
    """Build the model of a config in eval mode.

    Args:
        config: Path of a config, or a loaded config, which stays as it is.
        checkpoint: File with the weights, of `tools/train.py` or of a converter; EMA weights where it has them, since
            those are evaluated. None leaves the initial weights.
        device: Where the model goes; the first CUDA device by default, the CPU where there is none.
        cfg_options: Values by dotted key that replace those of the config.

    Returns:
        The model, with its config as `model.cfg`.

    Raises:
        FileNotFoundError: There is no such config or checkpoint.
        KeyError: The checkpoint's weights are not those of this model; names the keys.
        ValueError: The checkpoint holds other things than weights, or there is no such device.
    """
    device = _find_device(device)
    if isinstance(config, Config):
        config = config.copy()
        config.merge_from_dict(cfg_options or {})
    else:
        config = load_config(config, cfg_options)
    if DefaultScope.get_current_instance() is None:
        init_default_scope(config.get('default_scope', 'mmstvg'))
    model = MODELS.build(config.model)
    if checkpoint is not None:
        load_weights(model, checkpoint)
    model.cfg = config
    model.to(device).eval()
    return model


def _find_device(device: str | torch.device | None) -> torch.device:
    if device is None:
        device = 'cuda:0' if torch.cuda.is_available() else 'cpu'
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise ValueError(f'{device!r} is no device; take one such as cpu or cuda:0.') from error
    if found.type == 'cuda' and (found.index or 0) >= torch.cuda.device_count():
        raise ValueError(f'{device} is not there: PyTorch sees {torch.cuda.device_count()} CUDA devices.')
    return found


def load_weights(model: BaseGrounder, checkpoint: str | Path) -> None:
    """Load weights into a model, all of them and no others.

    Args:
        model: The model.
        checkpoint: See `init_model`.

    Raises:
        KeyError: Keys are missing, unknown or of another shape.
    """
    content = read_checkpoint(checkpoint)
    weights = content.get('state_dict', content)
    own = model.state_dict()
    missing, unknown = sorted(own.keys() - weights.keys()), sorted(weights.keys() - own.keys())
    reshaped = [
        f'{key} {tuple(weights[key].shape)} instead of {tuple(own[key].shape)}'
        for key in own.keys() & weights.keys()
        if weights[key].shape != own[key].shape
    ]
    problems = {'missing': missing, 'unknown': unknown, 'of another shape': sorted(reshaped)}
    found = '; '.join(f'{len(keys)} {kind}: {", ".join(keys[:5])}' for kind, keys in problems.items() if keys)
    if found:
        raise KeyError(f'{checkpoint} does not hold the weights of this model. Keys {found}. Is it of another config?')
    model.load_state_dict(weights)
