"""Evaluate a predictions file against a data set, without any model.

    python tools/analysis_tools/eval_tubes.py PRED.json configs/cgstvg_hcstvg.py
    python tools/analysis_tools/eval_tubes.py PRED.json data/hc-stvg/annos/hcstvg_v1/test.json --compare OTHER.json

Prints the metrics in both conventions, by kind of sentence where there are several, then tables by duration of the
event, size of the box and number of words, and the hardest items. The metrics equal those of `tools/test.py` to the
last digit. `--compare` sets a second predictions file beside the first, item by item; `--plots` draws distributions.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import matplotlib
import numpy as np

from mmstvg.evaluation import read_predictions
from mmstvg.evaluation.offline import ScoredItem, load_items, score_predictions
from mmstvg.evaluation.score_table import format_table
from mmstvg.evaluation.tube_iou import CONVENTIONS
from mmstvg.utils.atomic_file import write_text_atomically

matplotlib.use('Agg')
import matplotlib.pyplot as plt  # noqa: E402

# What tables group by: heading, value of an item, unit.
GROUPS: tuple[tuple[str, Callable[[ScoredItem], float], str], ...] = (
    ('duration of the event', lambda item: item.duration, 'frames'),
    ('size of the box', lambda item: item.box_size, 'px'),
    ('length of the sentence', lambda item: len(item.text.split()), 'words'),
)


def grouped_table(items: Sequence[ScoredItem], value: Callable[[ScoredItem], float], unit: str) -> str:
    """Averages of the lower, middle and upper third of the items by `value`; fewer groups where values coincide."""
    values = np.array([value(item) for item in items])
    edges = np.unique(np.quantile(values, [1 / 3, 2 / 3]))
    groups = np.searchsorted(edges, values)  # an item on an edge belongs to the lower group
    rows = {}
    for group in np.unique(groups):
        inside = values[groups == group]
        low, high = f'{inside.min():.4g}', f'{inside.max():.4g}'
        name = f'{low} {unit}' if low == high else f'{low}–{high} {unit}'
        rows[name] = [item.score for item, own in zip(items, groups, strict=True) if own == group]
    return format_table(rows)


def item_lines(items: Sequence[ScoredItem]) -> str:
    """One line an item: scores, why there is no tube where there is none, and the sentence."""
    lines = ['    item   tIoU   vIoU  gt_vIoU']
    for item in items:
        scores = f'{item.item_id:8d} {item.score.tiou:6.3f} {item.score.viou:6.3f} {item.score.gt_viou:8.3f}'
        note = f'  [{item.miss}]' if item.miss else ''
        lines.append(f'{scores}{note}  {item.video_id}: {item.text}')
    return '\n'.join(lines)


def comparison(items: Sequence[ScoredItem], others: Sequence[ScoredItem], number: int) -> str:
    """How the second predictions differ from the first, item by item."""
    change = np.array([other.score.viou - item.score.viou for item, other in zip(items, others, strict=True)])
    lines = [
        f'vIoU rises on {(change > 0).sum()} items, falls on {(change < 0).sum()}, stays on {(change == 0).sum()}; '
        f'mean change {100 * change.mean():+.2f} points',
        '    item  first second  change',
    ]
    order = np.argsort(change, kind='stable')
    shown = [*order[:number], *order[max(number, len(order) - number) :]]
    for index in (index for index in shown if change[index] != 0):
        item, other = items[index], others[index]
        values = f'{item.score.viou:6.3f} {other.score.viou:6.3f} {change[index]:+7.3f}'
        lines.append(f'{item.item_id:8d} {values}  {item.video_id}: {item.text}')
    return '\n'.join(lines)


def item_row(item: ScoredItem) -> dict:
    """An item as plain data."""
    row = asdict(item)
    row.pop('score')
    return {**row, **item.score._asdict()}


def draw_plots(named: dict[str, Sequence[ScoredItem]], folder: Path) -> None:
    """Share of items above each threshold, and vIoU against duration and box size, as png."""
    folder.mkdir(parents=True, exist_ok=True)
    thresholds = np.linspace(0, 1, 101)
    figure, axes = plt.subplots(1, 3, figsize=(13, 4), sharey=True)
    for axis, measure in zip(axes, ('tiou', 'viou', 'gt_viou'), strict=True):
        for name, items in named.items():
            values = np.array([getattr(item.score, measure) for item in items])
            axis.plot(thresholds, (values[:, None] > thresholds).mean(axis=0), label=name)
        axis.set(xlabel=f'{measure} above', xlim=(0, 1), ylim=(0, 1))
        axis.grid(alpha=0.3)
    axes[0].set_ylabel('share of items')
    axes[0].legend()
    _save(figure, folder / 'thresholds.png')

    figure, axes = plt.subplots(1, len(GROUPS), figsize=(13, 4), sharey=True)
    for axis, (heading, value, unit) in zip(axes, GROUPS, strict=True):
        for name, items in named.items():
            axis.scatter([value(i) for i in items], [i.score.viou for i in items], s=8, alpha=0.5, label=name)
        axis.set(xlabel=f'{heading} ({unit})', ylim=(-0.02, 1.02))
        axis.grid(alpha=0.3)
    axes[0].set_ylabel('vIoU')
    axes[0].legend()
    _save(figure, folder / 'viou.png')


def _save(figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)
    print(f'Wrote {path}')


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('predictions', type=Path, help='what tools/test.py --out wrote')
    parser.add_argument('truth', type=Path, help="a config, HC-STVG's annotation file, or VidSTG's merged one")
    parser.add_argument('--split', default='test', choices=('test', 'val', 'train'), help='of the config')
    parser.add_argument('--compare', type=Path, help='a second predictions file')
    parser.add_argument('--hardest', type=int, default=10, help='how many items to list (default: %(default)s)')
    parser.add_argument('--plots', type=Path, help='folder to draw plots into')
    parser.add_argument('--out', type=Path, help='write the scores of all items in the published convention (JSON)')
    return parser.parse_args()


def main() -> None:
    """Print the tables."""
    args = parse_args()
    truth = load_items(args.truth, args.split)
    scored = {}
    for path in filter(None, (args.predictions, args.compare)):
        print(f'\n{path}')
        predictions = read_predictions(path)
        by_convention = {name: score_predictions(predictions, truth, name)[1] for name in CONVENTIONS}
        scored[str(path)] = by_convention['published']
    items = scored[str(args.predictions)]
    if not items:
        raise SystemExit('No item has ground truth, so there is nothing to score.')
    for heading, value, unit in GROUPS:
        print(f'\nBy {heading} (published convention, in percent)\n{grouped_table(items, value, unit)}')
    hardest = sorted(items, key=lambda item: (item.score.viou, item.score.gt_viou))[: args.hardest]
    print(f'\nHardest items\n{item_lines(hardest)}')
    if args.compare:
        print(f'\nFrom {args.predictions} to {args.compare}')
        print(comparison(items, scored[str(args.compare)], args.hardest))
    if args.plots:
        draw_plots(scored, args.plots)
    if args.out:
        write_text_atomically(args.out, json.dumps([item_row(item) for item in items], indent=1))


if __name__ == '__main__':
    main()
