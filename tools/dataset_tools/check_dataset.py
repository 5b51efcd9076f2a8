"""Find everything in the data sets of a config that a training would trip over or that looks wrong.

    python tools/dataset_tools/check_dataset.py configs/cgstvg_hcstvg.py --write-exclude exclude.txt

Annotations are checked and every video is decoded, in parallel. The exit status is 1 where something would stop a
training. The list of exclusions names the videos of those findings and those that the config excludes already: set
`exclude='exclude.txt'` in the data sets.
"""

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tqdm import tqdm

from mmstvg.datasets import BaseSTVGDataset
from mmstvg.datasets.dataset_check import KINDS, Finding, check_items, check_video, videos_of
from mmstvg.registry import DATASETS
from mmstvg.utils.atomic_file import write_text_atomically
from mmstvg.utils.config import load_config

SPLITS = ('train', 'val', 'test')
SHOWN = 5  # findings of a kind


def datasets_of(path: Path, splits: list[str] | None) -> dict[str, dict]:
    """Configs of the data sets, each annotation file once.

    Args:
        path: The config.
        splits: Which of `SPLITS`; by default those that the config has.

    Raises:
        ValueError: The config has no loader for a split.
    """
    cfg = load_config(path)
    loaders = {split: cfg.get(f'{split}_dataloader') for split in SPLITS}
    sources, datasets = [], {}
    for split in splits or [split for split in SPLITS if loaders[split]]:
        if not loaders[split]:
            raise ValueError(f'{path} has no {split}_dataloader.')
        options = dict(loaders[split].dataset, pipeline=[], lazy_init=True)
        source = (options.get('data_root'), options['ann_file'])
        if source not in sources:
            sources.append(source)
            datasets[split] = options
    return datasets


def load(options: dict) -> tuple[str, list[dict], list[Finding], set[str]]:
    """Annotation file, items, what is wrong with the file, and the videos that the config excludes.

    Args:
        options: Config of a data set.
    """
    try:
        dataset: BaseSTVGDataset = DATASETS.build(options)
        items = dataset.load_data_list()
    except (FileNotFoundError, ValueError) as error:
        return str(options['ann_file']), [], [Finding('unreadable annotation', '', str(error))], set()
    left_out = [Finding('left out', video_id, reason, item_id) for item_id, video_id, reason in dataset.dropped]
    return dataset.ann_file, dataset.without_excluded(items), left_out, dataset.excluded()


def check(options: dict, workers: int, decode: bool) -> tuple[dict, list[Finding]]:
    """Number of items and videos, and all findings, of one data set."""
    ann_file, items, findings, excluded = load(options)
    videos = videos_of(items)
    findings += check_items(items)
    with ProcessPoolExecutor(workers) as pool:
        results = pool.map(partial(check_video, decode=decode), videos, chunksize=1)
        for found in tqdm(results, total=len(videos), desc='videos'):
            findings += found
    numbers = {'annotation': ann_file, 'items': len(items), 'videos': len(videos), 'excluded': sorted(excluded)}
    return numbers, findings


def summary(numbers: dict, findings: list[Finding]) -> str:
    """Findings grouped by kind, those that stop a training first."""
    lines = [f'{numbers["annotation"]}: {numbers["items"]} items, {numbers["videos"]} videos, {len(findings)} findings']
    for kind, stops in sorted(KINDS.items(), key=lambda kind: not kind[1]):
        found = [finding for finding in findings if finding.kind == kind]
        if not found:
            continue
        lines.append(f'\n{kind}: {len(found)} ({"stops a training" if stops else "looks wrong"})')
        lines += [f'  {_where(finding)}: {finding.message}' for finding in found[:SHOWN]]
        if len(found) > SHOWN:
            lines.append(f'  ... and {len(found) - SHOWN} more')
    return '\n'.join(lines)


def _where(finding: Finding) -> str:
    where = finding.video_id or 'the file'
    return where if finding.item_id is None else f'{where}, item {finding.item_id}'


def exclude_list(findings: list[Finding], excluded: set[str]) -> str:
    """One video a line, with what was found; also those that are excluded already, since the list takes the place."""
    kinds = {video: {'excluded before'} for video in excluded}
    for finding in findings:
        if finding.stops and finding.video_id:
            kinds.setdefault(finding.video_id, set()).add(finding.kind)
    return ''.join(f'{video}  # {", ".join(sorted(found))}\n' for video, found in sorted(kinds.items()))


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', type=Path)
    parser.add_argument('--splits', nargs='+', choices=SPLITS, help='(default: those that the config has)')
    parser.add_argument('--workers', type=int, default=os.cpu_count(), help='processes (default: %(default)s)')
    parser.add_argument('--quick', action='store_true', help='open the videos, but do not decode them')
    parser.add_argument('--json', type=Path, help='write all findings here')
    parser.add_argument('--write-exclude', type=Path, metavar='FILE', help='list of the videos to exclude by `exclude`')
    return parser.parse_args()


def main() -> int:
    """Check."""
    args = parse_args()
    report, everything = {}, []
    for path in filter(None, (args.json, args.write_exclude)):  # not after an hour of checking
        path.parent.mkdir(parents=True, exist_ok=True)
    for split, options in datasets_of(args.config, args.splits).items():
        numbers, findings = check(options, args.workers, not args.quick)
        print(f'\n== {split} ==\n{summary(numbers, findings)}')
        report[split] = {**numbers, 'findings': [finding.to_dict() for finding in findings]}
        everything += findings
    if args.json:
        write_text_atomically(args.json, json.dumps(report, indent=1, ensure_ascii=False))
    if args.write_exclude:
        excluded = {video for numbers in report.values() for video in numbers['excluded']}
        write_text_atomically(args.write_exclude, exclude_list(everything, excluded))
    stopping = sum(finding.stops for finding in everything)
    print(f'\n{stopping} findings would stop a training.' if stopping else '\nNothing would stop a training.')
    return 1 if stopping else 0


if __name__ == '__main__':
    sys.exit(main())
