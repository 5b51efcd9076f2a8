"""Print a config as a training would run it: bases merged, options of the command line applied.

python tools/analysis_tools/print_config.py configs/cgstvg_hcstvg.py
python tools/analysis_tools/print_config.py configs/cgstvg_hcstvg.py --keys optim_wrapper model.head.loss_giou
python tools/analysis_tools/print_config.py configs/baseline_hcstvg.py --diff configs/cgstvg_hcstvg.py
"""

import argparse
from difflib import unified_diff
from pathlib import Path

from mmengine.config import Config, DictAction

from mmstvg.utils.config import load_config


def text_of(cfg: Config, keys: list[str] | None) -> str:
    """The config as Python text, or the parts at some dotted keys.

    Raises:
        KeyError: There is no such key.
    """
    if keys is None:
        return cfg.pretty_text
    return ''.join(Config({key.replace('.', '_'): _value(cfg, key)}).pretty_text for key in keys)


def _value(cfg: Config, key: str):
    """The value at a dotted key; a number is a position in a list."""
    value, path = cfg, []
    for name in key.split('.'):
        try:
            value = value[int(name)] if isinstance(value, (list, tuple)) else value[name]
        except (KeyError, IndexError, ValueError, TypeError):
            there = ', '.join(map(str, value)) if hasattr(value, 'keys') else repr(value)
            raise KeyError(f'{key!r}: no {name!r} in {".".join(path) or "the config"}, which has: {there}') from None
        path.append(name)
    return value


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', type=Path)
    parser.add_argument('--keys', nargs='+', help='print only these, such as optim_wrapper or model.head.loss_giou')
    parser.add_argument('--diff', type=Path, metavar='CONFIG', help='print what differs from this other config')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE', help='merged last')
    return parser.parse_args()


def main() -> None:
    """Print."""
    args = parse_args()
    text = text_of(load_config(args.config, args.cfg_options), args.keys)
    if args.diff is not None:
        other = text_of(load_config(args.diff), args.keys)
        lines = unified_diff(other.splitlines(), text.splitlines(), str(args.diff), str(args.config), n=2, lineterm='')
        text = '\n'.join(lines) or f'{args.config} and {args.diff} say the same.'
    print(text.rstrip())


if __name__ == '__main__':
    main()
