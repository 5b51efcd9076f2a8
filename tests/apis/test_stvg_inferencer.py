import json

import numpy as np
import pytest
import torch
from red_square_grounder import RedSquareGrounder
from toy_files import cut_file, make_toy_test_set, save_toy_checkpoint, write_no_frames, write_red_square

from mmstvg.apis import STVGInferencer, inference, init_model
from mmstvg.datasets import VideoError, open_video
from mmstvg.evaluation.predictions_file import read_predictions
from mmstvg.evaluation.tube_iou import score_tube
from mmstvg.registry import DATASETS
from mmstvg.structures import Tube

TEXTS = ['the red circle moves up', 'the blue square moves to the left', 'the green triangle moves down']


@pytest.fixture(scope='module')
def toy(tmp_path_factory):
    root = tmp_path_factory.mktemp('toy')
    videos = make_toy_test_set(root, 2)
    return videos, save_toy_checkpoint(root / 'toy.pth', root)


@pytest.fixture(scope='module')
def inferencer(toy):
    return STVGInferencer(weights=toy[1], device='cpu')


def find(inferencer, inputs, texts=None, **options):
    return inferencer(inputs, texts, show_progress=False, **options)['predictions']


def without(prediction, *names):
    return {name: value for name, value in prediction.items() if name not in names}


def test_same_tube_as_the_test_pipeline(toy, inferencer):
    model = inferencer.model
    exact = STVGInferencer(model, clip_boxes=False)
    dataset = DATASETS.build(model.cfg.test_dataloader.dataset)
    for place, (path, text) in enumerate(toy[0]):
        item = dataset[place]
        data = model.data_preprocessor(dict(inputs=[item['inputs']], data_samples=[item['data_samples']]))
        with torch.no_grad():
            (expected,) = model(**data, mode='predict')
        for inputs in (str(path), dataset.get_data_info(place)):
            (found,) = find(exact, inputs, text)
            assert tuple(found['span']) == expected.pred_tube.span
            assert found['score'] == expected.score
            frames = np.arange(expected.pred_tube.frame_ids[-1] + 1)
            assert list(found['boxes']) == [str(frame) for frame in frames]
            np.testing.assert_array_equal(Tube.from_dict(found).boxes, expected.pred_tube.boxes_at(frames)[0])
            assert found['frames']['frame_ids'] == expected.pred_frames.frame_ids.tolist()
            for name in ('start', 'end', 'actioness', 'confidence'):
                np.testing.assert_array_equal(np.float32(found['frames'][name]), getattr(expected.pred_frames, name))


def test_item_of_unknown_length_is_sampled_as_by_the_data_set(toy, inferencer, monkeypatch):
    chosen = []

    def spy(results):
        if 'frame_ids' not in results:
            chosen.append({key: results[key] for key in ('fps', 'segment', 'frame_count')})
        return results

    monkeypatch.setattr(inferencer.pipeline, 'transforms', [spy, *inferencer.pipeline.transforms])
    path, text = toy[0][0]
    item = dict(video_path=str(path), duration=20.0, unused_frames=1)
    (found,) = find(inferencer, item, text)
    count = found['frame_count']
    assert chosen == [dict(fps=count / 20, segment=(0, count - 1), frame_count=count)]


def test_boxes_and_spans_lie_inside_the_video(toy, inferencer):
    path, _ = toy[0][0]
    for prediction in find(inferencer, path, TEXTS):
        height, width = prediction['size']
        boxes = np.array(list(prediction['boxes'].values()))
        assert (boxes >= 0).all()
        assert (boxes <= [width, height, width, height]).all()
        start, end = prediction['span']
        assert 0 <= start < end <= prediction['frame_count']
        assert prediction['span_seconds'] == [start / 10, end / 10]


def test_forms_of_input_agree(toy, inferencer):
    (first, _), (second, _) = toy[0]
    asked = ((first, TEXTS[0]), (first, TEXTS[1]), (second, TEXTS[2]))
    alone = [find(inferencer, path, text)[0] for path, text in asked]
    together = find(inferencer, [first, str(second)], [TEXTS[:2], TEXTS[2]])
    assert [p['item_id'] for p in together] == [0, 1, 2]
    assert [without(p, 'item_id') for p in together] == [without(p, 'item_id') for p in alone]
    batched = find(inferencer, [first, second], [TEXTS[:2], TEXTS[2]], batch_size=2)
    for one, other in zip(batched, together, strict=True):
        assert one['span'] == other['span']
        assert one['score'] == pytest.approx(other['score'], abs=1e-5)
    with open_video(str(first)) as video:
        frames = video.read(range(video.frame_count))
    as_opencv_has_them = [np.ascontiguousarray(frame[..., ::-1])[..., ::-1] for frame in frames]
    (from_array,) = inference(inferencer.model, as_opencv_has_them, TEXTS[0], fps=10)
    assert from_array['video_path'] is None
    names = ('item_id', 'video_id', 'video_path')
    assert without(from_array, *names) == without(alone[0], *names)


def test_video_is_seen_once_for_all_sentences(toy, inferencer, monkeypatch):
    seen = []
    see = inferencer.model.see
    monkeypatch.setattr(inferencer.model, 'see', lambda *args: seen.append(1) or see(*args))
    find(inferencer, toy[0][0][0], TEXTS)
    assert len(seen) == 2  # even and odd frames


def test_files(toy, inferencer, tmp_path):
    result = inferencer(toy[0][0][0], TEXTS[:1], out_dir=tmp_path / 'new', return_vis=True, show_progress=False)
    names = {path.name for path in (tmp_path / 'new').iterdir()}
    stem = 'toy_test_00000_0'
    assert names == {f'{stem}.mp4', f'{stem}.png', f'{stem}_timeline.png', 'predictions.json'}
    assert json.loads((tmp_path / 'new/predictions.json').read_text()) == result['predictions']
    assert list(read_predictions(tmp_path / 'new/predictions.json')) == [0]
    with open_video(str(tmp_path / f'new/{stem}.mp4')) as video:
        assert video.frame_count == result['predictions'][0]['frame_count']
    (pictures,) = result['visualization']
    assert {name: (image.dtype, image.ndim) for name, image in pictures.items()} == {
        'sheet': (np.uint8, 3),
        'timeline': (np.uint8, 3),
    }


def test_attention_of_a_stage(toy, inferencer):
    (prediction,) = find(inferencer, toy[0][0][0], TEXTS[0])
    maps = [inferencer.attention(prediction, stage) for stage in range(3)]
    for attention in maps:
        assert attention['frame_ids'].tolist() == prediction['frames']['frame_ids']
        assert attention['maps'].shape[0] == len(attention['frame_ids'])
        assert (attention['maps'] >= 0).all()
        assert (attention['maps'].sum(axis=(1, 2)) < 1).all()  # the rest goes to the words
    assert not np.allclose(maps[0]['maps'], maps[1]['maps'])
    np.testing.assert_array_equal(inferencer.attention(prediction)['maps'], maps[2]['maps'])
    with pytest.raises(ValueError, match='stages 0 to 2, got 3'):
        inferencer.attention(prediction, 3)


def test_bfloat16(toy, inferencer, monkeypatch):
    path, text = toy[0][0]
    (expected,) = find(inferencer, path, text)
    rounded = STVGInferencer(inferencer.model, amp=True)
    kinds = set()
    see = inferencer.model.see

    def spy(*args):
        maps = see(*args)
        kinds.add(maps.appearance.dtype)
        return maps

    monkeypatch.setattr(inferencer.model, 'see', spy)
    (found,) = find(rounded, path, text)
    assert kinds == {torch.bfloat16}
    assert found['score'] == pytest.approx(expected['score'], abs=0.02)
    for name in ('actioness', 'confidence'):
        np.testing.assert_allclose(found['frames'][name], expected['frames'][name], atol=0.05)
    maps = [one.attention(found)['maps'] for one in (rounded, inferencer)]
    np.testing.assert_allclose(maps[0], maps[1], atol=0.02)


def test_weights_and_configs(toy, inferencer, tmp_path):
    config = inferencer.model.cfg
    bare = tmp_path / 'bare.pth'
    torch.save(inferencer.model.state_dict(), bare)
    with pytest.raises(ValueError, match='bare.pth holds weights without their config'):
        STVGInferencer(weights=bare)
    path, text = toy[0][0]
    expected = find(inferencer, path, text)
    assert find(STVGInferencer(config, bare, 'cpu'), path, text) == expected
    assert find(STVGInferencer(init_model(config, bare, 'cpu')), path, text) == expected
    with pytest.raises(ValueError, match='Give weights'):
        STVGInferencer()
    with pytest.raises(ValueError, match='built already'):
        STVGInferencer(inferencer.model, bare)
    with pytest.raises(ValueError, match='window must be a positive'):
        STVGInferencer(inferencer.model, window=0)
    for device, message in (('cudaa', "'cudaa' is no device"), ('cuda:99', 'cuda:99 is not there: PyTorch sees')):
        with pytest.raises(ValueError, match=message):
            STVGInferencer(config, device=device)
    with pytest.raises(FileNotFoundError, match='nowhere.pth'):
        STVGInferencer(weights='nowhere.pth')


EVENT = (2.0, 4.5)  # seconds


@pytest.fixture(scope='module')
def short(tmp_path_factory):
    return write_red_square(tmp_path_factory.mktemp('short') / 'short.mp4', 6.0, EVENT)


@pytest.mark.parametrize('offset', [0.0, 0.7, 17.9, 26.2, 33.3, 54.0])
def test_event_is_found_in_a_video_ten_times_as_long(short, tmp_path, offset):
    inferencer = STVGInferencer(RedSquareGrounder(window=6.0))
    (in_short,) = find(inferencer, short, 'the red square')
    assert in_short['span_seconds'] == list(EVENT)
    long = write_red_square(tmp_path / 'long.mp4', 60.0, (EVENT[0] + offset, EVENT[1] + offset))
    (in_long,) = find(inferencer, long, 'the red square')
    shift = round(offset * 10)
    assert in_long['span'] == [frame + shift for frame in in_short['span']]
    tube = Tube.from_dict(in_short)
    moved = Tube([frame + shift for frame in tube.span], tube.frame_ids + shift, tube.boxes)
    assert score_tube(Tube.from_dict(in_long), moved).viou > 0.9
    assert len(in_long['clips']) in (19, 20)
    assert max(end - start for start, end in in_long['clips']) == 60


@pytest.mark.parametrize('interleave', [1, 2])
def test_event_up_to_the_end_of_a_long_video(tmp_path, interleave):
    video = write_red_square(tmp_path / 'long.mp4', 40.0, (15.0, 40.0))
    model = RedSquareGrounder(window=6.0, interleave=interleave)
    (prediction,) = find(STVGInferencer(model), video, 'the red square')
    assert prediction['span'][1] == 400
    assert list(prediction['boxes'])[-1] == '399'


def test_event_longer_than_a_window(tmp_path):
    video = write_red_square(tmp_path / 'long.mp4', 40.0, (8.3, 27.1))
    (prediction,) = find(STVGInferencer(RedSquareGrounder(window=6.0)), video, 'the red square')
    assert prediction['span'] == [83, 271]
    scores = prediction['frames']
    assert scores['frame_ids'] == sorted(set(scores['frame_ids']))
    inside = [83 <= frame < 271 for frame in scores['frame_ids']]
    np.testing.assert_array_equal(np.array(scores['actioness']) > 0.5, inside)
    assert scores['confidence'] is None


def test_one_clip_is_in_memory_at_a_time(tmp_path):
    video = write_red_square(tmp_path / 'long.mp4', 60.0, (31.0, 33.0))
    model = RedSquareGrounder(window=6.0)
    find(STVGInferencer(model), video, 'the red square', batch_size=1)
    assert max(map(len, model.clips)) == 60


@pytest.mark.parametrize('batch_size', [1, 3])
def test_windows_are_searched_at_the_density_of_training(short, tmp_path, batch_size):
    video = write_red_square(tmp_path / 'long.mp4', 20.0, (11.0, 13.0))
    model = RedSquareGrounder(window=6.0, interleave=2)
    together = find(STVGInferencer(model), [video, short], 'the red square', batch_size=batch_size)
    assert [prediction['span'] for prediction in together] == [[110, 130], [20, 45]]
    assert [len(prediction['clips']) for prediction in together] == [7, 1]
    looks = sorted((frames[0], len(frames), run) for frames, run in zip(model.clips, model.runs, strict=True))
    windows = [(start, 31, 1) for start in (0, 28, 56, 84, 112, 140)]
    assert looks == sorted([(0, 60, 2), (89, 60, 2), *windows])  # the short one, the second look
    frame_ids = together[0]['frames']['frame_ids']
    assert frame_ids == [*range(0, 89, 2), *range(89, 149), *range(150, 200, 2), 199]


def test_span_in_the_middle_of_its_window_is_looked_at_again_only_for_more_frames(tmp_path):
    video = write_red_square(tmp_path / 'long.mp4', 9.0, (2.0, 4.0))
    for interleave, looks in ((1, 2), (2, 3)):
        model = RedSquareGrounder(window=6.0, interleave=interleave)
        (prediction,) = find(STVGInferencer(model), video, 'the red square')
        assert prediction['span'] == [20, 40]
        assert prediction['clip'] == [0, 60]
        assert prediction['clips'] == [[0, 60], [30, 90]]
        assert len(model.clips) == looks


def test_items_of_a_data_set_are_one_clip(tmp_path):
    video = write_red_square(tmp_path / 'long.mp4', 30.0, (11.0, 13.0))
    item = dict(item_id=4, video_id='v', video_path=str(video), text='the red square', segment=(20, 300))
    (prediction,) = find(STVGInferencer(RedSquareGrounder(window=6.0)), item)
    assert prediction['clips'] == [[20, 300]]
    assert prediction['item_id'] == 4
    assert prediction['span'] == [110, 130]


def test_folder_keeps_answers_to_other_questions(short, tmp_path):
    inferencer, out = STVGInferencer(RedSquareGrounder()), tmp_path / 'out'

    def numbers(inputs, texts):
        found = find(inferencer, inputs, texts, out_dir=out, fps=10)
        return [prediction['item_id'] for prediction in found]

    item = dict(item_id=7, video_id='v', video_path=str(short), text='its own')
    frames = np.zeros((3, 48, 64, 3), np.uint8)
    assert numbers(short, 'the red square') == [0]
    assert numbers(short, ['another', 'the red square']) == [1, 0]
    assert numbers(item, ['its own', 'one more']) == [7, 8]
    assert numbers(frames, 'the red square') == [9]
    assert numbers(frames + 1, 'the red square') == [10]
    predictions = read_predictions(out / 'predictions.json')
    assert {number: prediction['text'] for number, prediction in predictions.items()} == {
        0: 'the red square',
        1: 'another',
        7: 'its own',
        8: 'one more',
        9: 'the red square',
        10: 'the red square',
    }
    assert {path.name for path in out.glob('*.mp4')} == {
        *('short_0.mp4', 'short_1.mp4', 'v_7.mp4', 'v_8.mp4', 'frames_0_9.mp4', 'frames_0_10.mp4')
    }


def test_items_that_ask_the_same_are_kept_apart(short, tmp_path):
    inferencer = STVGInferencer(RedSquareGrounder())
    items = [dict(item_id=number, video_id='v', video_path=str(short), text='the same') for number in (3, 4)]
    for _ in range(2):  # the second call replaces what the first left
        find(inferencer, items, None, out_dir=tmp_path, fps=10)
        assert list(read_predictions(tmp_path / 'predictions.json')) == [3, 4]


def test_foreign_file_in_the_folder_is_named(short, tmp_path):
    (tmp_path / 'predictions.json').write_text('{}')
    with pytest.raises(ValueError, match=r'predictions\.json is no predictions file'):
        find(STVGInferencer(RedSquareGrounder()), short, 'the red square', out_dir=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ['predictions.json']


def write_bytes(content):
    return lambda path: path.write_bytes(content)


@pytest.mark.parametrize(
    ('write', 'reason'),
    [
        (lambda path: None, 'missing'),
        (lambda path: path.mkdir(), 'missing'),
        (write_bytes(b''), 'empty'),
        (write_bytes(b'this is no video' * 100), 'undecodable'),
        (write_bytes(b'\x00\x00\x00\x18ftypmp42' + bytes(5000)), 'undecodable'),
        (write_no_frames, 'undecodable'),
    ],
    ids=['missing', 'folder', 'empty', 'text', 'header alone', 'no frames'],
)
def test_what_is_no_video_is_named(tmp_path, write, reason):
    path = tmp_path / 'a "b" \'c\' ..é.mp4'
    write(path)
    with pytest.raises(VideoError, match='a "b" \'c\'') as caught:
        find(STVGInferencer(RedSquareGrounder()), path, 'the red square')
    assert caught.value.reason == reason


def test_cut_video_is_searched_as_far_as_it_goes_with_a_warning(short, tmp_path):
    cut = cut_file(short, tmp_path / 'cut.mp4')
    with open_video(str(cut)) as video:
        count = video.frame_count
    assert 25 < count < 60
    message = rf'cut\.mp4: the file is cut short: it lists 60 frames, but only {count} are there'
    with pytest.warns(UserWarning, match=message):
        (prediction,) = find(STVGInferencer(RedSquareGrounder()), cut, 'the red square')
    assert prediction['frame_count'] == count
    assert prediction['span'] == [20, min(count, 45)]


@pytest.mark.parametrize(
    'name', ['with blanks.mp4', '"quoted" \'twice\'.mp4', 'up..mp4', '..mp4', 'a:b.mp4', '红色🟥.mp4', '-o.mp4']
)
def test_odd_names_of_files(tmp_path, name, monkeypatch):
    write_red_square(tmp_path / name, 2.0, (0.5, 1.0))
    monkeypatch.chdir(tmp_path)
    result = STVGInferencer(RedSquareGrounder())(name, 'the red square', out_dir='out', show_progress=False)
    assert result['predictions'][0]['span'] == [5, 10]
    assert len(list((tmp_path / 'out').iterdir())) == 4
    assert not any(path.name.startswith('.') for path in (tmp_path / 'out').iterdir())


@pytest.mark.parametrize('text', ['🟥 ➡', 'красный квадрат', 'a person waves', 'the red circle ' * 667])
def test_odd_sentences(toy, inferencer, text):
    (prediction,) = find(inferencer, toy[0][0][0], text)
    assert prediction['text'] == ' '.join(text.split())
    json.dumps(prediction, allow_nan=False)


@pytest.mark.parametrize(
    ('inputs', 'options', 'message'),
    [
        (np.zeros((3, 8, 8, 3), np.uint8), {}, 'need fps'),
        (np.zeros((0, 8, 8, 3), np.uint8), dict(fps=10), 'no frames'),
        (np.zeros((3, 8, 8, 3)), dict(fps=10), 'float64'),
        ('a.mp4', dict(batch_size=0), 'batch_size'),
    ],
)
def test_bad_arguments_are_named(inputs, options, message):
    with pytest.raises(ValueError, match=message):
        find(STVGInferencer(RedSquareGrounder()), inputs, 'x', **options)


def test_video_of_one_frame(toy, inferencer):
    (prediction,) = find(inferencer, np.zeros((1, 96, 120, 3), np.uint8), 'the red circle moves up', fps=10)
    assert prediction['span'] == [0, 1]
