"""Averages over items and their table."""

from collections.abc import Mapping, Sequence

import numpy as np

from .tube_iou import TubeScore

THRESHOLDS = (0.3, 0.5)


def average_scores(scores: Sequence[TubeScore]) -> dict[str, float]:
    """Averages of items, each in [0, 1].

    Args:
        scores: One an item, at least one.

    Returns:
        `m_tIoU`, `m_vIoU`, `m_gt_vIoU`, and the share of items whose vIoU or gt_vIoU is strictly above 0.3 and 0.5:
        `vIoU@0.3`, `vIoU@0.5`, `gt_vIoU@0.3`, `gt_vIoU@0.5`.
    """
    tiou, viou, gt_viou = np.array(scores, dtype=np.float64).T
    averages = {'m_tIoU': tiou.mean(), 'm_vIoU': viou.mean(), 'm_gt_vIoU': gt_viou.mean()}
    for name, values in (('vIoU', viou), ('gt_vIoU', gt_viou)):
        averages.update({f'{name}@{threshold}': (values > threshold).mean() for threshold in THRESHOLDS})
    return {name: float(value) for name, value in averages.items()}


def format_table(rows: Mapping[str, Sequence[TubeScore]]) -> str:
    """A table of averages in percent.

    Args:
        rows: Name of a row to the scores of its items, at least one each.

    Returns:
        Lines of text, a heading first.
    """
    averages = {name: average_scores(scores) for name, scores in rows.items()}
    names = list(next(iter(averages.values())))
    wide = max(map(len, rows))
    lines = [' '.join([f'{"":{wide}} {"items":>7}', *(f'{name:>11}' for name in names)])]
    for row, scores in rows.items():
        cells = [f'{100 * averages[row][name]:11.2f}' for name in names]
        lines.append(' '.join([f'{row:{wide}} {len(scores):7d}', *cells]))
    return '\n'.join(lines)
