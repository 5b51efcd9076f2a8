"""Loading a config and finding what in it nobody reads."""

import ast
import inspect
from difflib import get_close_matches
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner

_READ_BY_RUNNER = (set(inspect.signature(Runner.__init__).parameters) - {'self', 'cfg'}) | {
    'activation_checkpointing',
    'compile',  # refused below
    'custom_imports',
    'efficient_conv_bn_eval',
    'find_unused_parameters',
    'inference_cfg',  # mmstvg/apis/stvg_inferencer.py
    'model_wrapper_cfg',
    'runner_type',
    'sync_bn',
}
_RUNNER_HOOKS = ('runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler', 'checkpoint')
_READ_INSIDE = {
    'env_cfg': {'cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'},
    'auto_scale_lr': {'enable', 'base_batch_size'},
    'inference_cfg': {'window'},
}


def load_config(path: str | Path, cfg_options: dict | None = None) -> Config:
    """Load a config, merge the options of the command line into it, and check the names of its top level.

    MMEngine builds parts from nested keys, and their constructors refuse what they do not know. A misspelt key of the
    top level it would just not read, and a variable of a base that a derived config sets again has no effect, since
    the base has been evaluated by then. Both are errors here. A hook set to None is left out.

    Args:
        path: The config file.
        cfg_options: Dotted key to value, as `DictAction` of MMEngine makes them.

    Returns:
        The merged config.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A key that nothing reads; the message names it, the file, and the nearest known key.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'The config {path} does not exist.')
    cfg = Config.fromfile(str(path))
    sources = _sources(path)
    for file in sources:
        _check_file(file, sources)
    for key in cfg_options or {}:
        if key.split('.')[0] not in _READ_BY_RUNNER:
            raise _unread(key.split('.')[0], '--cfg-options', sources)
    cfg.merge_from_dict(cfg_options or {})
    if 'compile' in cfg:
        raise ValueError(
            f'`compile` in {path}: MMEngine would compile the whole step, preparation of the batch and optimizer '
            'included, which fails. Set model.compile_cfg=dict() to compile the parts of the model.'
        )
    if 'default_hooks' in cfg:  # the Runner takes None only for its own six
        cfg.default_hooks = {
            name: hook for name, hook in cfg.default_hooks.items() if hook is not None or name in _RUNNER_HOOKS
        }
    for name, known in _READ_INSIDE.items():
        for key in set(cfg.get(name) or {}) - known:
            raise ValueError(f'`{name}.{key}` in {path}: nothing reads it. Known keys: {", ".join(sorted(known))}.')
    return cfg


class _Source:
    """One config file: the names that it assigns at its top level, those that it uses (`_base_.x`, too), its bases."""

    def __init__(self, path: Path):
        self.path = path
        tree = ast.parse(path.read_text())
        names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
        self.used = {node.id for node in names if isinstance(node.ctx, ast.Load)}
        attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
        self.used_of_base = {node.attr for node in attributes if getattr(node.value, 'id', None) == '_base_'}
        self.assigned: set[str] = set()
        self.bases: list[str] = []
        for statement in tree.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                name = statement.targets[0].id
                if name == '_base_':
                    bases = ast.literal_eval(statement.value)
                    self.bases = [bases] if isinstance(bases, str) else list(bases)
                elif not name.startswith('_'):
                    self.assigned.add(name)


def _sources(path: Path) -> list[_Source]:
    """The config and all its bases; those of other packages (`mmdet::...`) are not looked into."""
    source = _Source(path)
    sources = [source]
    for base in source.bases:
        if '::' not in base:
            sources += _sources(path.parent / base)
    return sources


def _check_file(source: _Source, sources: list[_Source]) -> None:
    inherited = any('::' in base for base in source.bases)
    used = source.used.union(*(other.used_of_base for other in sources))
    for name in sorted(source.assigned - _READ_BY_RUNNER - used):
        if not inherited:
            raise _unread(name, str(source.path), sources)


def _unread(name: str, where: str, sources: list[_Source]) -> ValueError:
    owners = [str(source.path) for source in sources if name in source.assigned and name in source.used]
    if owners:
        return ValueError(
            f'`{name}` in {where}: it is a variable of {owners[0]} and was used there before it is set here, so this '
            'would change nothing. Set the keys that it goes into, or edit that file.'
        )
    near = get_close_matches(name, _READ_BY_RUNNER, n=1)
    advice = f'Did you mean `{near[0]}`?' if near else 'Correct or remove it; a variable must be used in its own file.'
    return ValueError(f'`{name}` in {where}: nothing reads this key. {advice}')
