"""The data sets of the configs, on one small video in the folders of each."""

import json
from pathlib import Path

import pytest
from make_video import write_video
from make_vidstg import vidstg_entry
from mmengine.config import Config

from mmstvg.registry import DATASETS

CONFIGS = Path(__file__).parents[2] / 'configs' / '_base_' / 'datasets'
HCSTVG = dict(bbox=[[9, 9, 20, 20]] * 30, st_frame=31, img_num=100, caption='A man.', width=96, height=64)
BOXES = dict(trajectories=[[dict(tid=0, bbox=dict(xmin=9, ymin=9, xmax=29, ymax=29))]] * 100)


def write_json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data')
    (folder / 'videos').mkdir()
    write_video(folder / 'videos' / 'a.mp4', frames=100)
    for place in ('v1_video', 'v2_video'):
        (folder / place).symlink_to(folder / 'videos')
    for split in ('train', 'val', 'test'):
        write_json(folder / 'annos' / f'{split}.json', {'a.mp4': HCSTVG})
        write_json(folder / 'sent_annos' / f'{split}_annotations.json', [vidstg_entry()])
    write_json(folder / 'bbox_annos' / 'a.json', BOXES)
    return folder


@pytest.mark.parametrize('loader', ['train_dataloader', 'val_dataloader', 'test_dataloader'])
@pytest.mark.parametrize('name', ['hcstvg', 'hcstvg2', 'vidstg'])
def test_items_of_the_config(folder, name, loader):
    cfg = Config.fromfile(CONFIGS / f'{name}.py')[loader].dataset
    assert cfg.data_root == {'hcstvg': 'data/hc-stvg/', 'hcstvg2': 'data/hc-stvg2/', 'vidstg': 'data/vidstg/'}[name]
    cfg.data_root = str(folder)
    cfg.pipeline[3 if loader == 'train_dataloader' else 2].resize.height = 42
    item = DATASETS.build(cfg)[0]
    sample = item['data_samples']
    length, colours, height, width = item['inputs'].shape
    assert (colours, height, width) == (3, 42, 58)
    assert sample.gt_tube.span == (30, 60)
    assert sample.text == ('a man' if name == 'vidstg' else 'a man.')
    assert length == len(sample.frame_ids)
    if loader == 'train_dataloader':
        assert length <= 65
    else:
        assert length == (100 if name == 'vidstg' else 99)
    assert sample.gt_tube.contains(sample.frame_ids).any()


def test_own_data_without_a_number_of_frames_has_the_rate_of_its_video(folder):
    entry = {key: value for key, value in HCSTVG.items() if key != 'img_num'}
    write_json(folder / 'own.json', {'a.mp4': entry})
    cfg = Config.fromfile(CONFIGS.parents[1] / 'examples' / 'own_data.py').test_dataloader.dataset
    cfg.update(data_root=str(folder), ann_file='own.json')
    sample = DATASETS.build(cfg)[0]['data_samples']
    assert (sample.fps, sample.frame_count) == (25, 100)
    assert (len(sample.frame_ids), sample.frame_ids[-1]) == (26, 98)  # 6.4 a second, the last frame unused


def test_queries_of_hcstvg2_are_sampled_like_annotated_items(folder):
    write_json(folder / 'annos' / 'queries.json', {'a.mp4': dict(English='A man.')})
    samples = []
    for ann_file in ('annos/queries.json', 'annos/test.json'):
        cfg = Config.fromfile(CONFIGS / 'hcstvg2.py').test_dataloader.dataset
        cfg.update(data_root=str(folder), ann_file=ann_file)
        cfg.pipeline[2].resize.height = 42
        samples.append(DATASETS.build(cfg)[0]['data_samples'])
    query, annotated = samples
    assert 'gt_tube' not in query
    assert query.frame_ids.tolist() == annotated.frame_ids.tolist()
    for key in ('fps', 'frame_count', 'ori_shape', 'text'):
        assert query.get(key) == annotated.get(key)
