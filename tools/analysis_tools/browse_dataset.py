"""Draw items of a config's data set as the model sees them, after augmentation.

    python tools/analysis_tools/browse_dataset.py configs/cgstvg_toy.py --out browse --items 8

Writes a contact sheet (png) and a video (mp4) an item: the sampled frames with the annotated box, the sentence (with
left and right swapped where the clip is mirrored) and a time bar of the event.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from mmstvg.datasets import BaseSTVGDataset
from mmstvg.registry import DATASETS
from mmstvg.utils.config import load_config
from mmstvg.visualization import TubeScene, TubeVisualizer


def draw(item: dict, stem: Path, visualizer: TubeVisualizer, sheet_frames: int, video: bool):
    """Write the pictures of one item."""
    sample = item['data_samples']
    frames = sample.frame_ids
    images = item['inputs'].round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()  # T H W 3
    scene = TubeScene(
        text=sample.text,
        frame_count=max(int(frames[-1]) + 1, sample.get('frame_count') or 1),
        fps=sample.get('fps'),
        gt_tube=sample.get('gt_tube'),
        ori_shape=sample.ori_shape,
    )
    shown = spread(len(frames), sheet_frames)
    Image.fromarray(visualizer.contact_sheet(images[shown], frames[shown], scene)).save(f'{stem}.png')
    if video:
        rate = (len(frames) - 1) / (frames[-1] - frames[0]) * (sample.get('fps') or 10) if len(frames) > 1 else 1
        visualizer.write_video(f'{stem}.mp4', images, scene, frames.tolist(), fps=float(rate))


def spread(count: int, number: int) -> np.ndarray:
    """At most `number` of the places `0 … count - 1`, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(number, count)).astype(int))


def find_places(dataset: BaseSTVGDataset, ids: list[int]) -> list[int]:
    """Places of items in the data set, which may lack some of the annotation's."""
    places = {dataset.get_data_info(place)['item_id']: place for place in range(len(dataset))}
    unknown = sorted(set(ids) - places.keys())
    if unknown:
        raise SystemExit(f'{dataset.ann_file} has no items {unknown} that can be used.')
    return [places[item_id] for item_id in ids]


def browse(dataset: BaseSTVGDataset, args: argparse.Namespace):
    """Draw the items that the command line asks for, over several epochs."""
    visualizer = TubeVisualizer()
    args.out.mkdir(parents=True, exist_ok=True)
    places = find_places(dataset, args.ids) if args.ids else spread(len(dataset), args.items).tolist()
    for epoch in range(args.epochs):
        dataset.set_epoch(epoch)
        for place in places:
            item = dataset[place]
            sample = item['data_samples']
            stem = args.out / f'{sample.item_id:06}_epoch{epoch}'
            if item['inputs'] is None:
                print(f'Item {sample.item_id} ({sample.video_path}) is broken: {sample.broken}')
                continue
            draw(item, stem, visualizer, args.sheet_frames, not args.no_video)
            print(f'{stem}.png: {sample.text!r}, {len(sample.frame_ids)} frames {tuple(item["inputs"].shape[2:])}')


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', type=Path)
    parser.add_argument('--split', default='train', choices=('train', 'val', 'test'))
    parser.add_argument('--out', type=Path, default=Path('work_dirs/browse'))
    parser.add_argument(
        '--items', type=int, default=8, help='how many, spread over the data set (default: %(default)s)'
    )
    parser.add_argument('--ids', type=int, nargs='+', help='these items instead, by their `item_id`')
    parser.add_argument('--epochs', type=int, default=1, help='draws of the augmentation (default: %(default)s)')
    parser.add_argument('--sheet-frames', type=int, default=8, help='frames of a contact sheet (default: %(default)s)')
    parser.add_argument('--no-video', action='store_true', help='only contact sheets')
    return parser.parse_args()


def main() -> None:
    """Browse."""
    args = parse_args()
    cfg = load_config(args.config)
    browse(DATASETS.build(cfg[f'{args.split}_dataloader'].dataset), args)


if __name__ == '__main__':
    main()
