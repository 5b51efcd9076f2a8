import json
import random

import numpy as np
import pytest
import torch
from make_video import decode_all, rotate, write_sound, write_video
from mmengine.dataset import pseudo_collate
from resident import resident_bytes
from torch.utils.data import DataLoader

from mmstvg.datasets import HCSTVGDataset, VideoError

TRAIN = [
    dict(type='LoadVideoInfo'),
    dict(type='SampleFramesByFPS', target_fps=5, keep_event=True),
    dict(type='RandomTemporalCrop', prob=0.5),
    dict(type='DecodeFrames', resize=dict(type='ResizeClip', height=32, to_uint8=True)),
    dict(type='RandomFlipClip', prob=0.5),
    dict(type='PackSTVGInputs'),
]
BROKEN = {
    'missing.mp4': 'missing',
    'empty.mp4': 'empty',
    'noise.mp4': 'undecodable',
    'sound.mp4': 'no_video',
    'cut.mkv': 'truncated',
    'header_lost.mp4': 'undecodable',
    'short.mp4': 'truncated',
    'lying.mp4': 'orientation',
}


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Whole and broken videos of 50 frames, with annotations that say so."""
    folder = tmp_path_factory.mktemp('data')
    for name in ('a.mp4', 'b.mkv', 'c.mp4'):
        write_video(folder / name)
    (folder / 'empty.mp4').write_bytes(b'')
    (folder / 'noise.mp4').write_bytes(np.random.default_rng(0).bytes(9999))
    write_sound(folder / 'sound.mp4')
    write_video(folder / 'short.mp4', frames=30)
    rotate(folder / 'a.mp4', folder / 'lying.mp4', 90)
    for whole, cut in (('b.mkv', 'cut.mkv'), ('a.mp4', 'header_lost.mp4')):
        content = (folder / whole).read_bytes()
        (folder / cut).write_bytes(content[: int(0.6 * len(content))])
    return folder


def make(folder, names, **options):
    entry = dict(bbox=[[10, 10, 20, 20]] * 20, st_frame=16, img_num=50, caption='to the left', width=96, height=64)
    path = folder / f'{"_".join(names)}.json'
    path.write_text(json.dumps({name: dict(entry, caption=f'to the left of {name}') for name in names}))
    options = dict(pipeline=TRAIN, duration=2.0) | options
    return HCSTVGDataset(ann_file=str(path), data_prefix=dict(video=str(folder)), **options)


def clips(dataset, epoch, workers=0, context=None):
    dataset.set_epoch(epoch)
    loader = DataLoader(
        dataset, 1, num_workers=workers, collate_fn=pseudo_collate, multiprocessing_context=context if workers else None
    )
    return [
        (batch['inputs'][0], batch['data_samples'][0].text, batch['data_samples'][0].frame_ids.tolist())
        for batch in loader
    ]


def same(first, second):
    return all(
        a[1:] == b[1:] and a[0].shape == b[0].shape and bool((a[0] == b[0]).all())
        for a, b in zip(first, second, strict=True)
    )


def test_item(folder):
    item = make(folder, ['a.mp4'], pipeline=[TRAIN[1], TRAIN[3], TRAIN[5]])[0]
    sample = item['data_samples']
    assert item['inputs'].dtype == torch.uint8
    assert tuple(item['inputs'].shape) == (len(sample.frame_ids), 3, 32, 44)
    assert sample.frame_ids.tolist() == [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 48]
    assert sample.ori_shape == (64, 96)
    assert sample.img_shape == (32, 44)
    assert sample.gt_tube.span == (15, 35)
    assert (sample.item_id, sample.video_id, sample.fps, sample.frame_count) == (0, 'a.mp4', 25, 50)


def test_chance_depends_on_seed_epoch_and_item_alone(folder):
    torch.manual_seed(3)
    dataset = make(folder, ['a.mp4', 'b.mkv', 'c.mp4'])
    first = clips(dataset, epoch=0)
    np.random.seed(99)
    random.seed(99)
    assert same(first, clips(dataset, epoch=0))
    assert same(first, clips(dataset, epoch=0, workers=2, context='fork'))
    assert not all(same(first, clips(dataset, epoch=epoch)) for epoch in range(1, 5))
    torch.manual_seed(3)
    assert same(first, clips(make(folder, ['a.mp4', 'b.mkv', 'c.mp4']), epoch=0))
    dataset.set_epoch(0, seed=4)
    assert not same(first, clips(dataset, epoch=0)) or not same(first, clips(dataset, epoch=1))


def test_some_items_bring_a_foreign_sentence(folder):
    names = ['a.mp4', 'b.mkv', 'c.mp4']
    dataset = make(folder, names, foreign_text_prob=0.6)
    found = {}
    for epoch in range(20):
        dataset.set_epoch(epoch)
        for sample in (dataset[i]['data_samples'] for i in range(3)):
            foreign = sample.get('foreign_text')
            assert foreign != sample.text
            # A flip swaps the words of both.
            assert foreign is None or ('left' in foreign) == (not sample.flip)
            found.setdefault(sample.video_id, []).append(foreign and foreign.split()[-1])
    for name in names:
        assert set(found[name]) == {None, *names} - {name}
        assert 10 <= found[name].count(None) <= 18  # of 20; 0.6 of them drawn, a third of those their own
    assert 'foreign_text' not in make(folder, names, foreign_text_prob=1.0, test_mode=True)[0]['data_samples']
    with pytest.raises(ValueError, match=r'foreign_text_prob must lie in \[0, 1\], got 2'):
        make(folder, names, foreign_text_prob=2)


def test_epoch_reaches_running_workers(folder):
    dataset = make(folder, ['a.mp4'])
    loader = DataLoader(dataset, 1, num_workers=1, collate_fn=pseudo_collate, persistent_workers=True)
    found = []
    for epoch in range(6):
        dataset.set_epoch(epoch)
        found += [(batch['data_samples'][0].text, batch['data_samples'][0].frame_ids.tolist()) for batch in loader]
    alone = []
    for epoch in range(6):
        dataset.set_epoch(epoch)
        alone.append((dataset[0]['data_samples'].text, dataset[0]['data_samples'].frame_ids.tolist()))
    assert found == alone
    assert len({str(item) for item in found}) > 1


def test_testing_leaves_the_random_state_alone(folder):
    dataset = make(folder, ['a.mp4'], test_mode=True, pipeline=[TRAIN[1], TRAIN[3], TRAIN[5]])
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    dataset[0]
    assert np.array_equal(before, np.random.get_state()[1])


@pytest.mark.parametrize('name', BROKEN)
def test_broken_video(folder, name):
    with pytest.raises(VideoError) as caught:
        make(folder, [name])[0]
    assert caught.value.reason == BROKEN[name]
    for part in (str(folder / name), 'item 0', f'to the left of {name}', "on_broken_video='skip'"):
        assert part in str(caught.value)


def test_broken_videos_are_skipped_and_named_once(folder, monkeypatch):
    lines = []
    monkeypatch.setattr(HCSTVGDataset, '_log', staticmethod(lambda message, level=0: lines.append(message)))
    dataset = make(folder, ['a.mp4', *BROKEN], on_broken_video='skip', test_mode=True)
    for _ in range(2):
        items = [dataset[i] for i in range(len(dataset))]
    assert items[0]['inputs'] is not None
    for (name, reason), item in zip(BROKEN.items(), items[1:], strict=True):
        assert item['inputs'] is None
        assert item['data_samples'].broken == reason
        assert item['data_samples'].video_id == name
        assert item['data_samples'].gt_tube.span == (15, 35)
    for name, reason in BROKEN.items():
        assert sum(line.startswith(f'Skipped ({reason}): {folder / name}') for line in lines) == 1


def test_error_of_a_worker_names_the_item(folder):
    loader = DataLoader(make(folder, ['empty.mp4']), 1, num_workers=1, collate_fn=pseudo_collate)
    with pytest.raises(VideoError, match=r'empty\.mp4: the video file has 0 bytes.*item 0'):
        next(iter(loader))


UNEVEN = np.cumsum(np.random.default_rng(0).integers(10, 120, 50))
WHOLE = {
    'upright.mp4': {},
    'uneven.mkv': dict(times=UNEVEN),
    'no_duration.mkv': dict(container={'live': '1'}),
    'odd.mkv': dict(width=97, height=63, pixels='yuv444p'),
    'one_frame.mp4': dict(frames=1),
    'one_frame.mkv': dict(frames=1, container={'live': '1'}),
}


@pytest.mark.parametrize('name', [*WHOLE, 'lying.mp4'])
@pytest.mark.parametrize('test_mode', [False, True])
def test_unusual_videos_give_their_frames_in_display_orientation(folder, tmp_path, name, test_mode):
    """Their annotation says no more than the event; the file says the rest."""
    if name in WHOLE and not (folder / name).exists():
        write_video(folder / name, **WHOLE[name])
    expected = decode_all(folder / name)
    (tmp_path / 'a.json').write_text(json.dumps({name: dict(bbox=[[1, 1, 9, 9]], st_frame=1, caption='a man')}))
    pipeline = [TRAIN[0], TRAIN[1], dict(type='DecodeFrames'), TRAIN[5]]
    options = dict(data_prefix=dict(video=str(folder)), pipeline=pipeline, duration=None, test_mode=test_mode)
    item = HCSTVGDataset(str(tmp_path / 'a.json'), **options)[0]
    sample = item['data_samples']
    assert sample.ori_shape == expected.shape[1:3] == ((96, 64) if name == 'lying.mp4' else item['inputs'].shape[2:])
    assert sample.frame_count == len(expected)
    assert sample.fps > 0
    assert np.array_equal(item['inputs'].permute(0, 2, 3, 1), expected[sample.frame_ids])
    assert sample.gt_tube.boxes.tolist() == [[1, 1, 10, 10]]


def test_a_failed_item_is_never_replaced(folder):
    def nothing(results):
        return None

    with pytest.raises(ValueError, match=r'item 0, .*a\.mp4.* gave nothing'):
        make(folder, ['a.mp4', 'b.mkv'], pipeline=[nothing])[0]


def test_unknown_transform_and_unknown_key(folder):
    with pytest.raises(KeyError, match='SampleFrame'):
        make(folder, ['a.mp4'], pipeline=[dict(type='SampleFrame')])
    with pytest.raises(TypeError, match='keep_evnt'):
        make(folder, ['a.mp4'], pipeline=[dict(type='SampleFramesUniform', num_frames=4, keep_evnt=True)])


def test_pipeline_config_is_not_changed(folder):
    pipeline = [dict(step) for step in TRAIN]
    make(folder, ['a.mp4'], pipeline=pipeline)
    assert pipeline == TRAIN


@pytest.mark.parametrize('backend', ['decord', 'pyav'])
def test_memory_stays_flat_over_many_reads(folder, backend):
    growth = memory_growth(folder, backend, reads=80, warm_up=30)
    assert growth < 12e6


@pytest.mark.slow
@pytest.mark.parametrize('context', ['fork', 'spawn'])
@pytest.mark.parametrize('backend', ['decord', 'pyav'])
def test_memory_over_2000_reads_in_2_workers(folder, backend, context):
    growth = memory_growth(folder, backend, reads=2000, warm_up=200, workers=2, context=context)
    assert growth < 50e6


def memory_growth(folder, backend, reads, warm_up, workers=0, context=None):
    """Bytes that this process and its workers have more after `reads` than after `warm_up`."""
    resize = dict(type='ResizeClip', height=32, to_uint8=True)
    pipeline = [TRAIN[1], dict(type='DecodeFrames', backend=backend, resize=resize), TRAIN[5]]
    dataset = make(folder, ['a.mp4', 'b.mkv', 'c.mp4'], pipeline=pipeline)
    order = [i % len(dataset) for i in range(reads)]
    loader = DataLoader(
        dataset, 1, sampler=order, num_workers=workers, collate_fn=pseudo_collate, multiprocessing_context=context
    )
    before = None
    for count, _ in enumerate(loader, start=1):
        if count in (warm_up, reads):
            used = resident_bytes()
            before = used if before is None else before
    return used - before
