"""Decoding, resizing, flipping, packing."""

import numpy as np
import pytest
import torch
from make_video import decode_all, write_video

from mmstvg.datasets import DecodeFrames, LoadVideoInfo, PackSTVGInputs, RandomFlipClip, ResizeClip, VideoError
from mmstvg.structures import Tube


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp('video') / 'a.mp4'
    write_video(path, frames=30)
    return str(path)


@pytest.mark.parametrize('backend', ['decord', 'pyav'])
def test_decode(path, backend):
    frames = np.array([0, 7, 29])
    results = DecodeFrames(backend)(dict(video_path=path, frame_ids=frames))
    expected = torch.from_numpy(decode_all(path)[frames]).permute(0, 3, 1, 2)
    assert results['imgs'].dtype == torch.uint8
    assert torch.equal(results['imgs'], expected)
    assert results['ori_shape'] == results['img_shape'] == (64, 96)


def test_resizing_as_frames_come_changes_nothing(path):
    for to_uint8 in (False, True):
        resize = dict(type='ResizeClip', height=40, to_uint8=to_uint8)
        item = dict(video_path=path, frame_ids=np.arange(0, 30, 3), ori_shape=(128, 192))
        at_once = DecodeFrames(resize=resize)(dict(item))
        later = ResizeClip(40, to_uint8=to_uint8)(DecodeFrames()(dict(item)))
        assert torch.equal(at_once['imgs'], later['imgs'])
        assert at_once['img_shape'] == later['img_shape'] == (40, 56)
        assert at_once['imgs'].dtype == (torch.uint8 if to_uint8 else torch.float32)
        assert at_once['ori_shape'] == (128, 192)  # the annotation's: the video may be a smaller copy


@pytest.mark.parametrize('antialias', [False, True])
def test_uint8_is_about_one_grey_level_off(antialias):
    imgs = torch.randint(0, 256, (2, 3, 90, 160), dtype=torch.uint8)
    exact, rounded = (
        ResizeClip(50, antialias=antialias, to_uint8=to_uint8)(dict(imgs=imgs))['imgs'] for to_uint8 in (False, True)
    )
    assert rounded.dtype == torch.uint8
    assert (exact - rounded).abs().max() < 1.5
    assert (exact - rounded).abs().mean() < 0.35


def test_target_size():
    resize = ResizeClip(420)
    assert resize.target_size(360, 640) == (420, 588)
    assert resize.target_size(640, 360) == (420, 236)
    assert resize.target_size(480, 640) == (420, 560)
    assert resize.target_size(1000, 1) == (420, 1)


def test_lying_video(path):
    with pytest.raises(VideoError, match='96x64 pixels, but the annotation says 64x96'):
        DecodeFrames()(dict(video_path=path, frame_ids=np.arange(3), ori_shape=(96, 64)))


def test_video_info(path):
    results = LoadVideoInfo()(dict(video_path=path))
    assert (results['frame_count'], results['fps'], results['ori_shape']) == (30, 25, (64, 96))
    assert results['segment'] == (0, 30)
    results = LoadVideoInfo()(dict(video_path=path, duration=20.0, unused_frames=1))
    assert (results['frame_count'], results['fps'], results['segment']) == (30, 1.5, (0, 29))
    known = dict(video_path='nowhere.mp4', fps=5, ori_shape=(1, 2), segment=(0, 9))
    assert LoadVideoInfo()(dict(known)) == known
    with pytest.raises(VideoError, match='no such video file'):
        LoadVideoInfo()(dict(video_path='nowhere.mp4'))


def test_video_info_and_the_tube(path):
    outside = Tube((5, 7), [5, 6], [[90, 10, 110, 20], [100, 10, 110, 20]])
    clipped = LoadVideoInfo()(dict(video_path=path, gt_tube=outside))['gt_tube']
    assert clipped.span == (5, 7)
    assert clipped.frame_ids.tolist() == [5]
    assert clipped.boxes.tolist() == [[90, 10, 96, 20]]
    with pytest.raises(VideoError, match='it has 30 frames, but the event is frames 5 to 30') as caught:
        LoadVideoInfo()(dict(video_path=path, gt_tube=Tube((5, 31), [5], [[1, 1, 2, 2]])))
    assert caught.value.reason == 'truncated'


def flip(text, **options):
    results = dict(imgs=torch.arange(24).reshape(1, 3, 2, 4), text=text, ori_shape=(20, 40))
    return RandomFlipClip(prob=1.0, **options)(results)


@pytest.mark.parametrize(
    ('text', 'mirrored'),
    [
        ('the man on the left turns right', 'the man on the right turns left'),
        ('a bright copyright, leftover, upright', 'a bright copyright, leftover, upright'),
        ('Left, then RIGHT.', 'Right, then LEFT.'),
        ('left-hand side; right?', 'right-hand side; left?'),
        ('nothing', 'nothing'),
    ],
)
def test_flip_swaps_whole_words(text, mirrored):
    assert flip(text)['text'] == mirrored
    assert flip(mirrored)['text'] == text
    assert flip(text, swap_words=False)['text'] == text


def test_flip_mirrors_frames_and_boxes():
    results = dict(imgs=torch.arange(24).reshape(1, 3, 2, 4), text='', ori_shape=(20, 40))
    results['gt_tube'] = Tube((3, 4), [3], [[1, 2, 11, 12]])
    results = RandomFlipClip(prob=1.0)(results)
    assert results['flip'] is True
    assert results['imgs'][0, 0].tolist() == [[3, 2, 1, 0], [7, 6, 5, 4]]
    assert results['gt_tube'].boxes.tolist() == [[29, 2, 39, 12]]  # in pixels of the original frame


def test_flip_with_probability():
    np.random.seed(0)
    flipped = [
        RandomFlipClip(prob=0.7)(dict(imgs=torch.zeros(1, 3, 2, 2), text='', ori_shape=(2, 2)))['flip']
        for _ in range(500)
    ]
    assert 0.64 < np.mean(flipped) < 0.76


def test_pack():
    imgs = torch.zeros(2, 3, 4, 4)
    truth = Tube((0, 1), [0], [[1, 2, 3, 4]])
    packed = PackSTVGInputs()(dict(imgs=imgs, text='a dog', fps=5.0, gt_tube=truth, unknown=3))
    assert packed['inputs'] is imgs
    sample = packed['data_samples']
    assert sample.metainfo == dict(text='a dog', fps=5.0)
    assert sample.gt_tube is truth
    assert 'gt_tube' not in PackSTVGInputs()(dict(imgs=imgs))['data_samples']
