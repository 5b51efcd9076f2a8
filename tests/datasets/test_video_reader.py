import pickle

import av
import numpy as np
import pytest
from make_video import copy_packets, decode_all, rotate, write_sound, write_video

from mmstvg.datasets import VideoError, open_video
from mmstvg.datasets.decord_reader import DecordReader
from mmstvg.datasets.pyav_reader import PyAVReader

BACKENDS = ('decord', 'pyav')
MPEG4 = {'bf': '2'}
UNEVEN = np.cumsum(np.random.default_rng(0).integers(10, 120, 50))


def x264(params):
    return {'x264-params': f'{params}:log-level=none'}


# name: arguments of write_video; with True where decord is expected to read it
KINDS = {
    'b_frames.mp4': ({}, True),
    'b_frames.mkv': ({}, True),
    'no_b_frames.mp4': (dict(options=x264('bframes=0:keyint=20')), True),
    'long_group.mp4': (dict(frames=150, options=x264('bframes=3:keyint=1000:scenecut=0')), True),
    'fragmented.mp4': (dict(container={'movflags': 'frag_keyframe+empty_moov'}), True),
    'uneven.mp4': (dict(times=UNEVEN), True),
    'uneven.mkv': (dict(times=UNEVEN), True),
    'late_start.mp4': (dict(times=500 + 40 * np.arange(50)), True),
    'late_start.mkv': (dict(times=500 + 40 * np.arange(50)), True),
    'even_362.mp4': (dict(width=640, height=362, frames=8), True),
    'one.mp4': (dict(frames=1), True),
    'two.mp4': (dict(frames=2), True),
    'short_last_group.mp4': (dict(frames=42), True),
    'narrow.mp4': (dict(width=48), False),
    'open_groups.mp4': (dict(options=x264('bframes=8:b-pyramid=normal:keyint=15:open-gop=1:ref=6')), False),
    'refresh.mp4': (dict(options=x264('intra-refresh=1:keyint=20:bframes=0')), False),
    'interlaced.mp4': (dict(options=x264('interlaced=1:bframes=2:keyint=20')), False),
    'ten_bits.mkv': (dict(pixels='yuv420p10le'), False),
    'all_colours.mkv': (dict(pixels='yuv444p', width=63, height=47), False),
    'no_duration.mkv': (dict(container={'live': '1'}), False),
    'stream.ts': ({}, False),
    'mpeg4.mp4': (dict(codec='mpeg4', options=MPEG4), False),
    'mpeg4.avi': (dict(codec='mpeg4', options=MPEG4), False),
    'odd.webm': (dict(codec='libvpx-vp9', width=63, height=47, frames=20, options={'deadline': 'realtime'}), False),
    'hidden_frames.mkv': (
        dict(
            codec='libvpx-vp9',
            options={'auto-alt-ref': '1', 'lag-in-frames': '16', 'deadline': 'good', 'cpu-used': '5'},
        ),
        False,
    ),
    'hevc_open_groups.mp4': (
        dict(codec='libx265', options={'x265-params': 'keyint=15:open-gop=1:bframes=4:log-level=none'}),
        False,
    ),
    'av1.mp4': (dict(codec='libsvtav1', options={'preset': '12', 'svtav1-params': 'keyint=20'}), False),
}


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('videos')


def video(folder, name, **options):
    """Written once a module."""
    path = folder / name
    if not path.exists():
        write_video(path, **options)
    return path


def index_in_front(folder):
    return video(folder, 'front.mp4', container={'movflags': 'faststart'})


def assert_exact(path, backend, seed=0):
    """Frames by index, in random order and one by one, are those of sequential decoding, to the last bit."""
    expected = decode_all(path)
    rng = np.random.default_rng(seed)
    with open_video(str(path), backend) as reader:
        assert len(reader) == reader.frame_count == len(expected)
        assert reader.missing_frames == 0
        assert reader.shortfall is None
        assert reader.size == expected.shape[1:3]
        for _ in range(4):
            chosen = rng.permutation(len(expected))[: rng.integers(1, len(expected) + 1)]
            assert np.array_equal(reader.read(chosen), expected[chosen])
        for frame in (len(expected) - 1, 0, len(expected) // 2):
            assert np.array_equal(reader.read([frame])[0], expected[frame])
    return reader


@pytest.mark.parametrize('backend', BACKENDS)
@pytest.mark.parametrize('name', KINDS)
def test_frames_are_exact(folder, name, backend):
    options, simple = KINDS[name]
    reader = assert_exact(video(folder, name, **options), backend)
    assert type(reader) is (DecordReader if simple and backend == 'decord' else PyAVReader)


@pytest.mark.parametrize('backend', BACKENDS)
@pytest.mark.parametrize('degrees', [90, 180, 270])
def test_rotation(folder, degrees, backend):
    upright = video(folder, 'b_frames.mp4')
    path = folder / f'rotated_{degrees}.mp4'
    rotate(upright, path, degrees)
    assert_exact(path, backend)
    with open_video(str(path), backend) as reader:
        expected = np.rot90(decode_all(upright)[7], -degrees // 90)  # clockwise
        assert np.array_equal(reader.read([7])[0], expected)


@pytest.mark.parametrize('backend', BACKENDS)
@pytest.mark.parametrize(('name', 'first', 'shift', 'left'), [('cut_before_0', 0, 3584, 45), ('headless', 10, 0, 30)])
def test_cut_copies(folder, name, first, shift, left, backend):
    path = folder / f'{name}.mp4'
    copy_packets(video(folder, 'b_frames.mp4'), path, first, shift)
    reader = assert_exact(path, backend)
    assert len(reader) == left


@pytest.mark.parametrize('backend', BACKENDS)
def test_rate(folder, backend):
    with open_video(str(video(folder, 'b_frames.mp4')), backend) as reader:
        assert reader.fps == 25
    with open_video(str(video(folder, 'uneven.mkv', times=UNEVEN)), backend) as reader:
        assert reader.fps == pytest.approx(1000 * 49 / (UNEVEN[-1] - UNEVEN[0]), rel=1e-3)
    with open_video(str(video(folder, 'one.mp4', frames=1)), backend) as reader:
        assert reader.fps == 25


def test_repeated_and_unsorted(folder):
    path = video(folder, 'b_frames.mp4')
    with open_video(str(path)) as reader:
        assert np.array_equal(reader.read([7, 3, 7]), decode_all(path)[[7, 3, 7]])
        assert reader.read([]).shape == (0, 64, 96, 3)
        with pytest.raises(ValueError, match='ascend'):
            list(reader.frames([3, 2]))
        with pytest.raises(ValueError, match='at least 0'):
            list(reader.frames([-1]))


@pytest.mark.parametrize('backend', BACKENDS)
def test_beyond_the_end(folder, backend):
    path = video(folder, 'b_frames.mp4')
    message = 'frame 50 was asked for, but only 50'
    with open_video(str(path), backend) as reader, pytest.raises(VideoError, match=message) as caught:
        reader.read([10, 50])
    assert caught.value.reason == 'truncated'


def damage(folder, name):
    """A broken file of the kind that its name says."""
    path = folder / name
    whole = index_in_front(folder).read_bytes()
    if name == 'empty.mp4':
        path.write_bytes(b'')
    elif name == 'noise.mp4':
        path.write_bytes(np.random.default_rng(0).bytes(20000))
    elif name == 'text.mp4':
        path.write_text('404: no such video\n' * 50)
    elif name == 'sound.mp4':
        write_sound(path)
    elif name == 'header_lost.mp4':
        content = video(folder, 'b_frames.mp4').read_bytes()
        path.write_bytes(content[: int(0.6 * len(content))])
    elif name == 'cut.mp4':
        path.write_bytes(whole[: int(0.6 * len(whole))])
    elif name == 'cut.mkv':
        content = video(folder, 'b_frames.mkv').read_bytes()
        path.write_bytes(content[: int(0.6 * len(content))])
    elif name == 'zeros.mp4':
        start = int(0.6 * len(whole))
        path.write_bytes(whole[:start] + bytes(len(whole) - start))
    return path


@pytest.mark.parametrize('backend', BACKENDS)
@pytest.mark.parametrize(
    ('name', 'reason'),
    [
        ('missing.mp4', 'missing'),
        ('empty.mp4', 'empty'),
        ('noise.mp4', 'undecodable'),
        ('text.mp4', 'undecodable'),
        ('sound.mp4', 'no_video'),
        ('header_lost.mp4', 'undecodable'),
    ],
)
def test_unreadable_files(folder, name, reason, backend):
    path = damage(folder, name)
    with pytest.raises(VideoError) as caught:
        open_video(str(path), backend)
    assert caught.value.reason == reason
    assert str(path) in str(caught.value)


@pytest.mark.parametrize('backend', BACKENDS)
@pytest.mark.parametrize('name', ['cut.mp4', 'cut.mkv', 'zeros.mp4'])
def test_cut_files(folder, name, backend):
    """What is there can be read; what is not is an error, never another frame."""
    whole = decode_all(video(folder, 'b_frames.mkv')) if name == 'cut.mkv' else decode_all(index_in_front(folder))
    path = damage(folder, name)
    with open_video(str(path), backend) as reader:
        if (name, backend) != ('zeros.mp4', 'decord'):  # which decodes ahead and may stumble over the zeros already
            assert np.array_equal(reader.read(range(0, 20)), whole[:20])
        with pytest.raises(VideoError) as caught:
            reader.read(range(0, 50, 7))
    assert caught.value.reason in ('truncated', 'undecodable')
    assert str(path) in str(caught.value)


@pytest.mark.parametrize('backend', BACKENDS)
@pytest.mark.parametrize('share', [0.6, 0.9])
def test_cut_mp4_says_how_many_frames_it_lists(folder, backend, share):
    whole = index_in_front(folder).read_bytes()
    path = folder / f'cut_{share}.mp4'
    path.write_bytes(whole[: int(share * len(whole))])
    with open_video(str(path), backend) as reader:
        assert 0 < reader.frame_count < 50
        assert reader.frame_count + reader.missing_frames == 50
        assert reader.shortfall.endswith(f'it lists 50 frames, but only {reader.frame_count} are there')
        assert reader.read(range(reader.frame_count)).shape == (reader.frame_count, 64, 96, 3)


def test_cut_between_two_frames(folder):
    """decord would count the frames that are not there."""
    whole = index_in_front(folder)
    with av.open(str(whole)) as file:
        starts = [packet.pos for packet in file.demux(video=0) if packet.size]
    path = folder / 'cut_between.mp4'
    path.write_bytes(whole.read_bytes()[: starts[30]])
    with open_video(str(path), 'decord') as reader:
        assert (reader.frame_count, reader.missing_frames) == (30, 20)


@pytest.mark.parametrize('backend', BACKENDS)
def test_name_with_a_colon_is_no_protocol(folder, tmp_path, monkeypatch, backend):
    write_video(tmp_path / 'clip:01.mp4')
    monkeypatch.chdir(tmp_path)
    with open_video('clip:01.mp4', backend) as video:
        assert video.read([0]).shape[0] == 1


def test_unknown_backend(folder):
    with pytest.raises(ValueError, match='opencv'):
        open_video(str(video(folder, 'b_frames.mp4')), 'opencv')


@pytest.mark.parametrize('backend', BACKENDS)
def test_file_is_closed(folder, backend):
    from pathlib import Path

    path = video(folder, 'b_frames.mp4')
    for _ in range(3):
        with open_video(str(path), backend) as reader:
            reader.read([30])
    del reader
    assert not [link for link in Path('/proc/self/fd').iterdir() if link.exists() and link.resolve() == path]


def test_error_travels():
    error = pickle.loads(pickle.dumps(VideoError('a.mp4', 'empty', 'nothing in it')))
    assert (error.path, error.reason, str(error)) == ('a.mp4', 'empty', 'a.mp4: nothing in it')
    assert str(VideoError('Caught VideoError in worker')) == 'Caught VideoError in worker'
