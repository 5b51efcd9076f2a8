"""Files by the name before the suffix, wherever below a folder they lie."""

import os
from collections.abc import Sequence

VIDEO_SUFFIXES = ('.mp4', '.mkv', '.webm', '.avi', '.mov', '.m4v')


def index_files(folder: str, suffixes: Sequence[str]) -> dict[str, str]:
    """Find files, flat or in a tree.

    Args:
        folder: Where to look. A folder that does not exist holds nothing.
        suffixes: Suffixes in lower case, with the dot.

    Returns:
        Path by stem. Of two files with one stem the first is kept: by name, those of a folder before those below it.
    """
    paths: dict[str, str] = {}
    visited: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        visited.add(os.path.realpath(place))
        # Links may lead in circles.
        folders[:] = sorted(name for name in folders if os.path.realpath(os.path.join(place, name)) not in visited)
        for name in sorted(names):
            stem, suffix = os.path.splitext(name)
            if suffix.lower() in suffixes:
                paths.setdefault(stem, os.path.join(place, name))
    return paths
