from types import SimpleNamespace

import numpy as np
import pytest

from mmstvg.datasets import open_video
from mmstvg.registry import HOOKS
from mmstvg.structures import STVGDataSample, Tube
from mmstvg.visualization import TubeVisualizer, write_video

TUBE = Tube((1, 4), [0, 5], [[2, 2, 20, 20], [8, 2, 26, 20]])


@pytest.fixture
def runner(tmp_path):
    write_video(tmp_path / 'a video.mp4', (np.full((24, 32, 3), 90, np.uint8) for _ in range(6)), 10)
    loader = range(5)
    visualizer = TubeVisualizer(name='hook')
    return SimpleNamespace(
        work_dir=str(tmp_path), test_dataloader=loader, val_dataloader=loader, visualizer=visualizer, epoch=3, iter=7
    )


def sample(item_id, runner, predicted=True):
    path = f'{runner.work_dir}/a video.mp4'
    data_sample = STVGDataSample(metainfo=dict(item_id=item_id, video_path=path, text='a dog'))
    if predicted:
        data_sample.pred_tube, data_sample.score = TUBE, 0.5
    return data_sample


def run(hook, runner, mode, samples):
    getattr(hook, f'before_{mode}_epoch')(runner)
    for index, batch in enumerate(samples):
        getattr(hook, f'after_{mode}_iter')(runner, index, outputs=batch)
    getattr(hook, f'after_{mode}_epoch')(runner, {})


def written(folder):
    return sorted(path.name for path in folder.rglob('*') if path.name != 'a video.mp4')


def test_items_without_prediction_are_left_out(runner, tmp_path):
    hook = HOOKS.build(dict(type='TubeVisualizationHook', num_items=2, out_dir='drawn'))
    run(hook, runner, 'test', [[sample(i, runner, predicted=i != 0)] for i in range(5)])
    assert written(tmp_path / 'drawn') == [f'{i:05d}_a video.{end}' for i in (1, 2) for end in ('mp4', 'png')]
    with open_video(str(tmp_path / 'drawn' / '00001_a video.mp4')) as video:
        assert len(video) == 6


def test_more_items_than_batches(runner, tmp_path):
    hook = HOOKS.build(dict(type='TubeVisualizationHook', num_items=8, video=False))
    run(hook, runner, 'test', [[sample(3 * i + j, runner) for j in range(3)] for i in range(5)])
    assert len(written(tmp_path / 'tubes')) == 8


def test_validation_only_on_request(runner, tmp_path):
    batches = [[sample(i, runner)] for i in range(5)]
    run(HOOKS.build(dict(type='TubeVisualizationHook', num_items=1)), runner, 'val', batches)
    assert written(tmp_path) == []
    images = []
    runner.visualizer.add_image = lambda name, image, step: images.append((name, image.shape[2], step))
    run(HOOKS.build(dict(type='TubeVisualizationHook', num_items=1, on_val=True)), runner, 'val', batches)
    assert written(tmp_path / 'tubes' / 'epoch_3') == ['00000_a video.mp4', '00000_a video.png']
    assert images == [('tube_0', 3, 7)]


@pytest.mark.parametrize('name', ['num_items', 'sheet_frames'])
def test_bad_numbers_are_named(name):
    with pytest.raises(ValueError, match=f'{name} must be at least 1, got 0'):
        HOOKS.build(dict(type='TubeVisualizationHook', **{name: 0}))


def test_items_are_spread_over_the_data_set(runner, tmp_path):
    hook = HOOKS.build(dict(type='TubeVisualizationHook', num_items=2, video=False))
    runner.test_dataloader = range(10)
    run(hook, runner, 'test', [[sample(i, runner)] for i in range(10)])
    assert [name[:5] for name in written(tmp_path / 'tubes')] == ['00000', '00005']
