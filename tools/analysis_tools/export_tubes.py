"""Export a predictions file for annotation tools.

    python tools/analysis_tools/export_tubes.py PRED.json cvat OUT_DIR --items configs/cgstvg_hcstvg.py
    python tools/analysis_tools/export_tubes.py PRED.json coco OUT.json
    python tools/analysis_tools/export_tubes.py PRED.json mot OUT_DIR

Each tube becomes one track with the boxes of its span. `mmstvg.evaluation.track_formats` reads all three back.
"""

import argparse
from collections import defaultdict
from pathlib import Path

from mmstvg.evaluation import read_predictions
from mmstvg.evaluation.offline import load_items
from mmstvg.evaluation.track_formats import Track, write_coco, write_cvat, write_mot


def video_sizes(items: list[dict]) -> dict[str, dict]:
    """Video name to its size and length, as far as the annotation says them."""
    return {
        item['video_id']: {
            'width': item['ori_shape'][1],
            'height': item['ori_shape'][0],
            'frame_count': item['frame_count'],
        }
        for item in items
        if 'ori_shape' in item and 'frame_count' in item
    }


def name_videos(records: list[dict]) -> list[dict]:
    """The records, with the path for a name where several files have the same one."""
    paths: dict[str, set] = defaultdict(set)
    for record in records:
        paths[record['video_id']].add(record.get('video_path'))
    shared = {name for name, own in paths.items() if len(own) > 1}
    for name in sorted(shared):
        print(f'{len(paths[name])} videos are called {name}; they go by their paths.')
    return [
        {**record, 'video_id': record['video_path']}
        if record['video_id'] in shared and record['video_path']
        else record
        for record in records
    ]


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('predictions', type=Path, help='what tools/test.py --out or a demo wrote')
    parser.add_argument('format', choices=('coco', 'cvat', 'mot'))
    parser.add_argument('out', type=Path, help='a file for coco, a folder for cvat and mot')
    parser.add_argument('--items', type=Path, help='config or annotation file that knows the size of the videos')
    parser.add_argument('--split', default='test', choices=('test', 'val', 'train'), help='of the config')
    parser.add_argument('--min-score', type=float, default=float('-inf'), help='leave out tubes that score lower')
    return parser.parse_args()


def main() -> None:
    """Write the tracks."""
    args = parse_args()
    records = list(read_predictions(args.predictions).values())
    tracks = [Track.from_record(record) for record in name_videos(records)]
    kept = [track for track in tracks if track.score is None or track.score >= args.min_score]
    sizes = video_sizes(load_items(args.items, args.split)) if args.items else {}
    if args.format == 'coco':
        write_coco(kept, args.out, sizes)
    elif args.format == 'cvat':
        write_cvat(kept, args.out, sizes)
    else:
        write_mot(kept, args.out)
    left_out = f'; {len(tracks) - len(kept)} score lower and are left out' if len(kept) < len(tracks) else ''
    print(f'Wrote {len(kept)} tracks to {args.out}{left_out}.')


if __name__ == '__main__':
    main()
