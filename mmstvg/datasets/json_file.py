"""Annotation files."""

import json


def read_json(path: str, unique_keys: bool = False):
    """Read a JSON file.

    Args:
        path: The file.
        unique_keys: Refuse objects with a key that occurs twice, of which the last would win without a word.

    Raises:
        ValueError: The file is no JSON (cut short, say), or a key occurs twice.
    """
    try:
        with open(path, encoding='utf-8') as file:
            return json.load(file, object_pairs_hook=_unique if unique_keys else None)
    except ValueError as error:
        raise ValueError(f'{path} cannot be read as JSON: {error}. Is it complete?') from error


def _unique(pairs: list[tuple]) -> dict:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f'the key {twice[0]!r} occurs twice in one object')
    return found
