"""Renaming of checkpoint keys by an explicit table."""

import re
from collections.abc import Mapping, Sequence

from torch import Tensor


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


def _first_rename(key: str, renames: Sequence[tuple[str, str]]) -> str | None:
    for pattern, replacement in renames:
        if re.fullmatch(pattern, key):
            return re.sub(pattern, replacement, key)
    return None
