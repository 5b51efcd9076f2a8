"""Annotation files."""

import json
from collections import Counter


class JSONObject(dict):
    """An object of a JSON file. Of keys that occur several times the last one counts.

    Args:
        pairs: Keys and values as the file has them.

    Attributes:
        repeated: The keys that occur several times.
    """

    def __init__(self, pairs: list[tuple]):
        super().__init__(pairs)
        counts = Counter(key for key, _ in pairs) if len(self) < len(pairs) else {}
        self.repeated = {key for key, count in counts.items() if count > 1}


def read_json(path: str, keep_repeated: bool = False):
    """Read a JSON file.

    Args:
        path: The file.
        keep_repeated: Make objects `JSONObject`s, which know of keys that occur several times.

    Raises:
        ValueError: The file is no JSON (cut short, say).
    """
    try:
        with open(path, encoding='utf-8') as file:
            return json.load(file, object_pairs_hook=JSONObject if keep_repeated else None)
    except ValueError as error:
        raise ValueError(f'{path} cannot be read as JSON: {error}. Is it complete?') from error
