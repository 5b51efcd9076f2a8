"""The config that a checkpoint of `tools/train.py` carries, read without running it."""

import ast
from typing import Any

from mmengine.config import Config


def config_of_checkpoint(content: dict, path: str) -> Config:
    """The config in a checkpoint's `meta`, with which its weights were trained.

    MMEngine keeps it as the text of a Python file and would run that. Here it is only read: assignments of plain data,
    of `dict(...)` with keys as names, and nothing else.

    Args:
        content: What `read_checkpoint` gave.
        path: The checkpoint, for messages.

    Raises:
        ValueError: There is no config, or its text is something else.
    """
    meta = content.get('meta')
    text = meta.get('cfg') if isinstance(meta, dict) else None
    if not isinstance(text, str):
        raise ValueError(f'{path} holds weights without their config; name the config, too.')
    try:
        statements = ast.parse(text).body
        return Config(dict(_read_assignment(statement) for statement in statements))
    except (ValueError, TypeError, SyntaxError, RecursionError) as error:
        raise ValueError(
            f'The config in {path} is not plain data ({error}), so it was not read; name the config, too.'
        ) from error


def _read_assignment(statement: ast.stmt) -> tuple[str, Any]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, _read(value)
    raise ValueError(f'line {statement.lineno} is no assignment to one name')


def _read(node: ast.expr) -> Any:
    if isinstance(node, ast.List | ast.Tuple):
        values = [_read(element) for element in node.elts]
        return values if isinstance(node, ast.List) else tuple(values)
    if isinstance(node, ast.Dict) and None not in node.keys:
        keys = [key for key in node.keys if key is not None]
        return {_read(key): _read(value) for key, value in zip(keys, node.values, strict=True)}
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict':
        named = {keyword.arg: _read(keyword.value) for keyword in node.keywords}
        if None not in named:  # the name of `**`
            return {**dict(*[_read(argument) for argument in node.args]), **named}
    return ast.literal_eval(node)
