"""Several sentences for one video: the video is seen once, each answer is that of the sentence alone."""

import numpy as np
import pytest
import torch
from batches import batch_of, make_clip, make_sample, toy_model

TEXTS = (['the red circle moves up'], ['the blue square moves to the left', 'red', 'the green triangle moves down'])


@pytest.fixture(scope='module')
def model():
    return toy_model()


def make_items():
    shapes = [(9, 64, 96, (2, 6), 'blue'), (6, 96, 64, (0, 3), 'blue')]
    return [dict(inputs=make_clip(i, *shape[:3]), data_samples=make_sample(*shape)) for i, shape in enumerate(shapes)]


def alone(model, item, text):
    item['data_samples'].set_metainfo(dict(text=text))
    return model(**batch_of(model, [item]), mode='predict')[0]


@torch.no_grad()
def test_each_sentence_gets_what_it_gets_alone(model):
    answers = model.predict_texts(**batch_of(model, make_items()), texts=TEXTS)
    assert [[sample.text for sample in own] for own in answers] == [list(own) for own in TEXTS]
    for item, own in zip(make_items(), answers, strict=True):
        for answer in own:
            expected = alone(model, item, answer.text)
            assert answer.pred_tube.span == expected.pred_tube.span
            np.testing.assert_allclose(answer.pred_tube.boxes, expected.pred_tube.boxes, atol=5e-3)
            assert answer.score == pytest.approx(expected.score, abs=1e-5)
            for name in ('start', 'end', 'actioness', 'confidence'):
                found, wanted = getattr(answer.pred_frames, name), getattr(expected.pred_frames, name)
                np.testing.assert_allclose(found, wanted, atol=1e-4)


@torch.no_grad()
def test_videos_are_seen_once_and_ground_truth_is_left_behind(model, monkeypatch):
    calls = []
    see = model.see
    monkeypatch.setattr(model, 'see', lambda *args: calls.append(1) or see(*args))
    (answers,) = model.predict_texts(**batch_of(model, make_items()[:1]), texts=[['red', 'blue', 'green']])
    assert len(calls) == model.interleave
    assert not any('gt_tube' in answer for answer in answers)


@torch.no_grad()
def test_fewer_clips_than_at_test(model, monkeypatch):
    (found,) = model.predict_texts(**batch_of(model, make_items()[:1]), texts=[['red']], interleave=1)[0]
    monkeypatch.setattr(model, 'interleave', 1)
    expected = alone(model, make_items()[0], 'red')
    assert (found.pred_tube.span, found.score) == (expected.pred_tube.span, expected.score)
    np.testing.assert_array_equal(found.pred_tube.boxes, expected.pred_tube.boxes)


@torch.no_grad()
def test_frame_scores(model):
    answer = alone(model, make_items()[0], 'red')
    scores = answer.pred_frames
    np.testing.assert_array_equal(scores.frame_ids, answer.pred_tube.frame_ids)
    assert scores.start.sum() == pytest.approx(model.interleave, abs=1e-5)
    assert scores.end.sum() == pytest.approx(model.interleave, abs=1e-5)
    for values in (scores.start, scores.end, scores.actioness, scores.confidence):
        assert values.shape == (9,)
        assert ((values >= 0) & (values <= 1)).all()


@torch.no_grad()
def test_score_is_the_mean_of_actioness_times_confidence_over_the_span(model, monkeypatch):
    monkeypatch.setattr(model, 'interleave', 1)
    answer = alone(model, make_items()[0], 'red')
    scores = answer.pred_frames
    inside = answer.pred_tube.contains(scores.frame_ids)
    assert answer.score == pytest.approx((scores.actioness * scores.confidence)[inside].mean(), abs=1e-6)


@torch.no_grad()
def test_no_confidence_without_context():
    model = toy_model(cfg_options={'model.head.context': None})
    assert alone(model, make_items()[0], 'red').pred_frames.confidence is None
