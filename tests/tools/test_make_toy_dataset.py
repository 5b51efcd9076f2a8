import hashlib
import json
import sys

import decord
import numpy as np
import pytest
from load_tool import load_tool

toy = load_tool('dataset_tools/make_toy_dataset.py')


def digest(folder):
    return {p.relative_to(folder): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob('*') if p.is_file()}


def make(folder, monkeypatch, *options):
    monkeypatch.setattr(sys, 'argv', ['make_toy_dataset.py', str(folder), *options])
    toy.main()
    return folder


@pytest.fixture(scope='module')
def small(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        return make(tmp_path_factory.mktemp('toy'), patch, '--train', '6', '--test', '3', '--workers', '2')


def casts(count):
    """Movements of `count` layouts and their sizes, without any video."""
    for index in range(count):
        rng = np.random.default_rng(index)
        frame_count = 30 + index % 31
        movements = toy.place_shapes(toy.draw_cast(rng), frame_count, toy.HEIGHT, toy.WIDTH, rng)
        yield movements, frame_count, toy.HEIGHT, toy.WIDTH


def test_same_seed_gives_same_bytes(small, tmp_path, monkeypatch):
    again = make(tmp_path / 'again', monkeypatch, '--train', '6', '--test', '3', '--workers', '1')
    assert len(digest(small)) == 11
    assert digest(again) == digest(small)
    other = make(tmp_path / 'other', monkeypatch, '--train', '1', '--test', '1', '--seed', '1', '--workers', '1')
    assert not set(digest(other).values()) & set(digest(small).values())


def test_splits_share_no_video(small):
    videos = {p.name: h for p, h in digest(small).items() if p.suffix == '.mp4'}
    assert len(set(videos.values())) == 9


def test_annotations_fit_the_videos(small):
    for split, count in (('train', 6), ('test', 3)):
        items = json.loads((small / 'annos' / 'hcstvg_v1' / f'{split}.json').read_text())
        assert len(items) == count
        for name, item in items.items():
            video = decord.VideoReader(str(small / 'v1_video' / name))
            assert video[0].shape == (item['height'], item['width'], 3)
            assert len(video) == item['img_num']
            assert video.get_avg_fps() == toy.FPS
            start = item['st_frame'] - 1
            assert start >= 1 and start + len(item['bbox']) < item['img_num']
            assert 0.33 <= len(item['bbox']) / item['img_num'] <= 0.62
            assert item['st_time'] == start / toy.FPS
            assert item['ed_time'] == (start + len(item['bbox'])) / toy.FPS


def test_boxes_hold_the_named_colour(small):
    items = json.loads((small / 'annos' / 'hcstvg_v1' / 'train.json').read_text())
    for name, item in items.items():
        video = decord.VideoReader(str(small / 'v1_video' / name))
        color = toy.COLORS[item['caption'].split()[1]]
        for offset in (0, len(item['bbox']) - 1):
            x, y, w, h = item['bbox'][offset]
            frame = video[item['st_frame'] - 1 + offset].asnumpy()
            assert np.abs(frame[round(y + h / 2), round(x + w / 2)].astype(int) - color).max() < 40


def test_boxes_are_tight_and_shapes_stay_apart():
    for movements, frame_count, height, width in casts(40):
        for index, one in enumerate(movements):
            corners = one.centers(frame_count)
            assert (corners - one.size / 2 >= 0).all()
            assert (corners + one.size / 2 <= (width, height)).all()
            assert not any(toy._collide(one, other, frame_count) for other in movements[:index])
            canvas = np.zeros((height, width, 3), np.uint8)
            toy.draw_shape(canvas, one, corners[0])
            rows, columns = np.nonzero(canvas.max(axis=2) > max(toy.COLORS[one.color]) / 2)
            drawn = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            box = np.concatenate([corners[0] - one.size / 2, corners[0] + one.size / 2])
            assert np.abs(box - drawn).max() <= 1.2


def test_shapes_move_exactly_during_their_event():
    for movements, frame_count, _, _ in casts(20):
        for one in movements:
            moved = np.abs(np.diff(one.centers(frame_count), axis=0)).max(axis=1) > 0
            assert np.flatnonzero(moved).tolist() == list(range(one.start - 1, one.end - 1))


def test_every_word_matters():
    """Each sentence names one shape. Colour, shape and direction are each needed for that in their share of videos."""
    needed, count = np.zeros(3), 300
    for movements, *_ in casts(count):
        looks = [(m.color, m.shape, m.direction) for m in movements]
        assert len(set(looks)) == len(looks) >= 2
        for word in range(3):
            needed[word] += len({look[:word] + look[word + 1 :] for look in looks}) < len(looks)
    # Direction: where there is a twin. Colour, and shape likewise: another shape that differs in it alone is there in
    # 3/4 of the other videos and moves in the same direction in half of them; and in 1/4 of those with a twin.
    look = 3 / 8 * (1 - toy.TWIN_SHARE) + 1 / 4 * toy.TWIN_SHARE
    assert np.abs(needed / count - [look, look, toy.TWIN_SHARE]).max() < 0.07


@pytest.mark.parametrize('option', [('--train', '0'), ('--test', '-1'), ('--workers', '0'), ('--seed', '-1')])
def test_bad_options_are_named(option, tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        make(tmp_path, monkeypatch, *option)
    assert option[0] in capsys.readouterr().err
