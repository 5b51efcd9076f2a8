"""Plot trainings from their logs: losses of all stages, learning rates, gradient norm, metrics.

    python tools/analysis_tools/plot_log.py work_dirs/cgstvg_toy
    python tools/analysis_tools/plot_log.py work_dirs/cgstvg_hcstvg work_dirs/baseline_hcstvg --out compare.png
    python tools/analysis_tools/plot_log.py work_dirs/cgstvg_toy --keys 'loss_*' m_vIoU

Reads what MMEngine writes into `vis_data/scalars.json`, also of a run that is still going on. The parts of a run that
was resumed, each in a folder of its own, become one curve. A validation stands at the iteration that it followed.
"""

import argparse
import json
import math
import re
from collections import defaultdict
from fnmatch import fnmatch
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import matplotlib

matplotlib.use('Agg')
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402

Curve = tuple[list[int], list[float]]  # iterations and values
COUNTERS = ('epoch', 'iter', 'step')
STYLES = ('-', '--', ':', '-.')
COLUMNS = 3


class Place(NamedTuple):
    """Where a scalar is drawn: the panel's title and the name of the line in it."""

    panel: str
    line: str


def find_logs(run: Path) -> list[Path]:
    """The log files of a run, oldest first, from its work dir, one of its dated folders, or a file.

    Raises:
        FileNotFoundError: There is none.
    """
    if run.is_file():
        return [run]
    for pattern in ('scalars.json', 'vis_data/scalars.json', '*/vis_data/scalars.json'):
        logs = sorted(run.glob(pattern))
        if logs:
            return logs
    raise FileNotFoundError(f'{run} has no log: neither it nor its dated folders hold vis_data/scalars.json.')


def read_run(run: Path) -> dict[str, Curve]:
    """All curves of a run by the name of the scalar.

    Raises:
        FileNotFoundError: There is no log.
        ValueError: A line is not JSON (other than the last, which a killed run may have cut), or nothing was logged.
    """
    points: dict[str, dict[int, float]] = defaultdict(dict)
    for log in find_logs(run):
        iteration, first = 0, True
        for entry in _entries(log):
            if 'iter' in entry:
                iteration = entry['iter']
                if first:  # a resumed run repeats what was done after its checkpoint
                    _forget_from(points, iteration)
                first = False
            for name, value in entry.items():
                training = 'iter' in entry
                if name not in COUNTERS and (training or name not in ('time', 'data_time')):
                    points[name][iteration] = math.nan if value is None else float(value)
    curves = {name: tuple(map(list, zip(*sorted(at.items()), strict=True))) for name, at in points.items() if at}
    if not curves:
        raise ValueError(f'{run} has logged nothing yet.')
    return curves


def _entries(log: Path) -> list[dict]:
    lines = [line for line in log.read_text().splitlines() if line.strip()]
    entries = []
    for number, line in enumerate(lines, start=1):
        try:
            entries.append(json.loads(line))
        except json.JSONDecodeError as error:
            if number < len(lines):
                raise ValueError(f'Line {number} of {log} is not JSON: {line[:60]}') from error
            print(f'The last line of {log} was not written to its end and is left out.')
    return entries


def _forget_from(points: dict[str, dict[int, float]], iteration: int) -> None:
    for at in points.values():
        for later in [i for i in at if i >= iteration]:
            del at[later]


def place(name: str, group_rates: bool) -> Place | None:
    """Where a scalar belongs; None for what is not drawn.

    Args:
        name: Its name in the log.
        group_rates: Whether the learning rates of named groups are there; MMEngine's `lr` repeats the first of them.
    """
    stage = re.fullmatch(r'd(\d+)\.(loss_.+)', name)
    if stage:
        return Place(stage[2], f'stage {int(stage[1]) + 1}')
    if name == 'lr':
        return None if group_rates else Place('learning rate', 'all')
    if name.endswith('_lr'):
        return Place('learning rate', name.removesuffix('_lr'))
    if name in ('time', 'data_time'):
        return Place('seconds an iteration', {'time': 'all', 'data_time': 'waiting for data'}[name])
    if name.startswith('loss_'):
        return Place(name, 'last stage')
    return Place(name.replace('_', ' ') if name in ('grad_norm', 'loss') else name, '')


def arrange(runs: dict[str, dict[str, Curve]], keys: list[str]) -> dict[str, dict[str, dict[str, Curve]]]:
    """Panel to line to run to curve, panels in the order in which they are drawn.

    Args:
        runs: Label to curves by name.
        keys: Patterns of names to draw; empty for all.

    Raises:
        ValueError: No scalar fits the patterns.
    """
    panels: dict[str, dict[str, dict[str, Curve]]] = defaultdict(lambda: defaultdict(dict))
    names = {name for curves in runs.values() for name in curves}
    group_rates = any(name.endswith('_lr') for name in names)
    chosen = [name for name in names if not keys or any(fnmatch(name, key) for key in keys)]
    for name in sorted(chosen, key=_order):
        where = place(name, group_rates and not keys)
        for label, curves in runs.items():
            if where is not None and name in curves:
                panels[where.panel][where.line][label] = curves[name]
    if not panels:
        raise ValueError(f'No scalar fits {keys}; the logs have {", ".join(sorted(names))}.')
    return panels


def _order(name: str) -> tuple[int, str]:
    """Total, losses by stage (the last one last), rates, gradient, what else is monitored and metrics, times."""
    kinds = [r'loss', r'd\d+\.loss_.+', r'loss_.+', r'.*lr', r'grad_norm', r'(?!(data_)?time).*', r'.*']
    return next(i for i, kind in enumerate(kinds) if re.fullmatch(kind, name)), name


def draw(panels: dict[str, dict[str, dict[str, Curve]]], labels: list[str], out: Path) -> None:
    """Draw all panels into one picture.

    With one run a colour is a line of a panel, and stages go from light to dark. With several a colour is a run.
    """
    rows = math.ceil(len(panels) / COLUMNS)
    figure, axes = plt.subplots(rows, COLUMNS, figsize=(5.5 * COLUMNS, 3.4 * rows), squeeze=False, layout='constrained')
    for axis in axes.flat[len(panels) :]:
        axis.set_axis_off()
    for axis, (title, lines) in zip(axes.flat, panels.items(), strict=False):
        axis.set_title(title, fontsize=11)
        axis.grid(alpha=0.3)
        axis.ticklabel_format(axis='y', scilimits=(-3, 4))
        if title in ('learning rate', 'grad norm') and _is_positive(lines):
            axis.set_yscale('log')
        _draw_lines(axis, lines, labels)
        if len(lines) > 1 or (len(labels) > 1 and title == next(iter(panels))):
            axis.legend(fontsize=7)
    for axis in axes[-1]:
        axis.set_xlabel('iteration')
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=110)
    plt.close(figure)


def _draw_lines(axis: Axes, lines: dict[str, dict[str, Curve]], labels: list[str]) -> None:
    staged = any(line.startswith('stage ') for line in lines)
    for i, ((line, curves), style) in enumerate(zip(lines.items(), cycle(STYLES))):  # noqa: B905
        shade = (i + 1) / len(lines)
        for label, (steps, values) in curves.items():
            if len(labels) == 1:
                look = dict(color=plt.get_cmap('viridis_r')(shade) if staged else f'C{i}')
                text = line
            else:
                look = dict(color=f'C{labels.index(label)}', alpha=shade if staged else 1.0)
                look['linestyle'] = '-' if staged else style
                text = f'{label} {line}'.strip()
            marker = 'o' if len(steps) < 20 else None
            axis.plot(steps, values, label=text, marker=marker, markersize=3, linewidth=1.2, **look)


def _is_positive(lines: dict[str, dict[str, Curve]]) -> bool:
    values = [value for curves in lines.values() for _, ys in curves.values() for value in ys]
    return any(value > 0 for value in values) and not any(value < 0 for value in values)


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('runs', nargs='+', type=Path, help='work dirs, dated folders in them, or scalars.json files')
    parser.add_argument('--labels', nargs='+', help='names of the runs (default: their folders)')
    parser.add_argument('--keys', nargs='+', default=[], help="names or patterns to draw, such as 'loss_*' or m_vIoU")
    parser.add_argument('--out', type=Path, default=Path('curves.png'), help='picture to write (default: %(default)s)')
    args = parser.parse_args()
    args.labels = args.labels or [str(run) for run in args.runs]
    if len(args.labels) != len(args.runs) or len(set(args.labels)) != len(args.labels):
        parser.error(f'{len(args.runs)} runs need as many different labels, got {args.labels}')
    return args


def main() -> None:
    """Plot."""
    args = parse_args()
    runs = {label: read_run(run) for label, run in zip(args.labels, args.runs, strict=True)}
    draw(arrange(runs, args.keys), args.labels, args.out)
    for label, curves in runs.items():
        last = max(steps[-1] for steps, _ in curves.values())
        print(f'{label}: {len(curves)} curves up to iteration {last}')
    print(f'Wrote {args.out}')


if __name__ == '__main__':
    main()
