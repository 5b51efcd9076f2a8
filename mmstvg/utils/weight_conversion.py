"""What the converters share: reading weights of other projects, renaming them by a table, writing them."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from .atomic_file import whole_file
from .safe_checkpoint import read_checkpoint

# Ends of keys, for the tables.
WB = r'(weight|bias)'
ATTENTION = r'(in_proj_weight|in_proj_bias|out_proj\.weight|out_proj\.bias)'


def read_weights(
    path: Path, names: Sequence[str], prefix: str, owner: str, records: Sequence[type] = ()
) -> tuple[dict[str, Tensor], str]:
    """Read the weights in a checkpoint of another project.

    Args:
        path: The checkpoint.
        names: Keys under which the weights may be; the first one that holds anything is taken.
        prefix: How the names of some weights begin. A file without any is another one.
        owner: Whose checkpoint it should be, for the message.
        records: See `read_checkpoint`.

    Returns:
        The weights, and the key that they had.

    Raises:
        ValueError: The file is another one, or cannot be read (see `read_checkpoint`).
    """
    content = read_checkpoint(path, records=records)
    found = next((name for name in names if content.get(name)), names[-1])
    weights = content.get(found)
    if not isinstance(weights, dict) or not any(str(key).startswith(prefix) for key in weights):
        keys = [str(key) for key in content]
        more = f' and {len(keys) - 5} more' if len(keys) > 5 else ''
        raise ValueError(
            f'{path} is no checkpoint of {owner}: its key {" or ".join(map(repr, names))} should hold {prefix}*; '
            f'the file holds {", ".join(keys[:5])}{more}.'
        )
    return weights, found


def rename_keys(
    state_dict: Mapping[str, Tensor], renames: Sequence[tuple[str, str]], drops: Sequence[str]
) -> tuple[dict[str, Tensor], list[str]]:
    """Rename every key of a state dict by the first rule that fits.

    Args:
        state_dict: Weights under their old names.
        renames: `(pattern, replacement)`; a pattern is a regular expression that fits the whole key.
        drops: Patterns of keys that are left out; they come before the renames.

    Returns:
        The weights under their new names, and the keys that were dropped.

    Raises:
        KeyError: No rule fits some keys, or two keys get the same name.
    """
    renamed, dropped, unknown = {}, [], []
    for key, value in state_dict.items():
        if any(re.fullmatch(pattern, key) for pattern in drops):
            dropped.append(key)
            continue
        new_key = _first_rename(key, renames)
        if new_key is None:
            unknown.append(key)
        elif new_key in renamed:
            raise KeyError(f'Two keys become {new_key!r}, the second is {key!r}.')
        else:
            renamed[new_key] = value
    if unknown:
        raise KeyError(f'{len(unknown)} unknown keys: {", ".join(unknown)}')
    return renamed, dropped


def write_weights(path: Path, weights: Mapping[str, Tensor], meta: dict[str, str]) -> None:
    """Write weights as a checkpoint of MMEngine, whole or not at all.

    Args:
        path: The file; its folder is made where needed.
        weights: The weights under their names in the model.
        meta: Where they are from.
    """
    with whole_file(path) as part:
        torch.save({'state_dict': dict(weights), 'meta': meta}, part)


def _first_rename(key: str, renames: Sequence[tuple[str, str]]) -> str | None:
    for pattern, replacement in renames:
        if re.fullmatch(pattern, key):
            return re.sub(pattern, replacement, key)
    return None
