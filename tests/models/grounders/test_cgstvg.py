import numpy as np
import pytest
import torch
import torch.nn.functional as F
from batches import batch_of, make_clip, make_sample, mixed_batch, toy_model
from devices import DEVICES

from mmstvg.models.grounders import cgstvg
from mmstvg.utils.measure import bytes_kept_for_backward, device_reads

OPTIONS = {'model.head.context.refiner.theta_t': -1.0, 'model.head.context.refiner.theta_s': 0.9}


@pytest.fixture(scope='module')
def model():
    return toy_model(cfg_options=OPTIONS)


def assert_same_outputs(together, alone, row):
    for name, expected in alone.items():
        found = together[name][:, row : row + 1, : expected.shape[2]]
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4, msg=lambda m, n=name: f'{n}: {m}')


def test_each_video_of_a_batch_gets_what_it_gets_alone(model):
    items = mixed_batch()
    with torch.no_grad():
        together = model(**batch_of(model, items), mode='tensor')
        assert together['context_frames'].any()
        for row, item in enumerate(items):
            assert_same_outputs(together, model(**batch_of(model, [item]), mode='tensor'), row)


def test_losses_of_a_batch_are_the_means_of_its_videos(model):
    items = mixed_batch()
    with torch.no_grad():
        together = model(**batch_of(model, items), mode='loss')
        alone = [model(**batch_of(model, [item]), mode='loss') for item in items]
    assert set(together) == set(alone[0])
    for name, value in together.items():
        mean = torch.stack([losses[name] for losses in alone]).mean()
        torch.testing.assert_close(value, mean, atol=1e-4, rtol=1e-4, msg=lambda m, n=name: f'{n}: {m}')


def test_gradients_of_a_batch_are_the_means_of_its_videos():
    model = toy_model().train()  # the toy model has no dropout
    items = mixed_batch()

    def gradients(batch):
        model.zero_grad()
        sum(model(**batch_of(model, batch), mode='loss').values()).backward()
        return {name: p.grad.clone() for name, p in model.named_parameters()}

    together = gradients(items)
    alone = [gradients([item]) for item in items]
    scale = max(float(g.norm()) for g in together.values())
    for name, gradient in together.items():
        mean = sum(g[name] for g in alone) / len(items)
        assert float((gradient - mean).norm()) <= 1e-4 * scale, name


def test_every_parameter_gets_a_gradient_without_context():
    model = toy_model(cfg_options={'model.head.context.refiner.theta_gt': 2.0}).train()
    sum(model(**batch_of(model, mixed_batch()), mode='loss').values()).backward()
    assert [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None] == []


def foreign_batch():
    """The mixed batch, in which all but one clip bring the sentence of another, too."""
    items = mixed_batch()
    for item, other in zip(items[1:], items, strict=False):
        item['data_samples'].set_metainfo({'foreign_text': other['data_samples'].text})
    return items


def test_foreign_sentences_change_no_other_loss_and_each_video_gets_what_it_gets_alone():
    model = toy_model(cfg_options={**OPTIONS, 'model.head.loss_foreign': dict(type='ForeignTextLoss')})
    with torch.no_grad():
        without = model(**batch_of(model, mixed_batch()), mode='loss')
        together = model(**batch_of(model, foreign_batch()), mode='loss')
        alone = [model(**batch_of(model, [item]), mode='loss') for item in foreign_batch()]
    names = {'loss_foreign', 'd0.loss_foreign', 'd1.loss_foreign'}
    assert set(together) == set(without) | names
    for name, value in without.items():
        torch.testing.assert_close(together[name], value)
    for name in names:
        assert name not in alone[0]
        mean = sum(losses[name] for losses in alone[1:]) / len(alone)
        torch.testing.assert_close(together[name], mean, atol=1e-4, rtol=1e-4)


def test_foreign_sentences_need_a_loss():
    model = toy_model(cfg_options={'model.head.loss_foreign': None})
    with pytest.raises(ValueError, match='foreign_text_prob.*loss_foreign'):
        model(**batch_of(model, foreign_batch()), mode='loss')


def test_prediction_reads_no_ground_truth(model):
    answers = []
    for with_truth in (True, False):
        items = mixed_batch()
        for item in items:
            if not with_truth:
                del item['data_samples'].gt_tube
        answers.append(model(**batch_of(model, items), mode='predict'))
    for one, other in zip(*answers, strict=True):
        assert one.pred_tube.span == other.pred_tube.span
        np.testing.assert_array_equal(one.pred_tube.boxes, other.pred_tube.boxes)
        assert one.score == other.score


def test_batch_predicts_what_single_videos_predict(model):
    together = model(**batch_of(model, mixed_batch()), mode='predict')
    for sample, item in zip(together, mixed_batch(), strict=True):
        (alone,) = model(**batch_of(model, [item]), mode='predict')
        assert sample.pred_tube.span == alone.pred_tube.span
        np.testing.assert_allclose(sample.pred_tube.boxes, alone.pred_tube.boxes, atol=5e-3)
        assert sample.score == pytest.approx(alone.score, abs=1e-5)


def test_interleaved_prediction_is_the_hull_of_both_halves(model):
    item = mixed_batch()[0]
    (merged,) = model(**batch_of(model, [item]), mode='predict')
    halves = []
    model.interleave = 1
    for part in range(2):
        clip = item['inputs'][part::2]
        sample = item['data_samples'].clone()
        sample.set_metainfo(dict(frame_ids=sample.frame_ids[part::2]))
        halves += model(**batch_of(model, [dict(inputs=clip, data_samples=sample)]), mode='predict')
    model.interleave = 2
    expected = halves[0].pred_tube.merge(halves[1].pred_tube)
    assert merged.pred_tube.span == expected.span
    np.testing.assert_array_equal(merged.pred_tube.frame_ids, item['data_samples'].frame_ids)
    np.testing.assert_allclose(merged.pred_tube.boxes, expected.boxes, atol=1e-3)


def test_one_frame_beside_a_longer_video(model):
    short = dict(inputs=make_clip(7, 1, 64, 64), data_samples=make_sample(1, 64, 64, (0, 1), 'red circle'))
    long = mixed_batch()[1]
    together = model(**batch_of(model, [short, long]), mode='predict')
    assert together[0].pred_tube.span == (0, 1)
    (alone,) = model(**batch_of(model, [mixed_batch()[1]]), mode='predict')
    assert together[1].pred_tube.span == alone.pred_tube.span
    losses = model(**batch_of(model, [short]), mode='loss')
    assert all(torch.isfinite(value) for value in losses.values())


def test_broken_video_is_left_out(model):
    broken = dict(inputs=None, data_samples=make_sample(4, 64, 64, (0, 2), 'red'))
    broken['data_samples'].set_metainfo(dict(broken='empty file'))
    good = mixed_batch()[0]
    losses = model(**batch_of(model, [broken, good]), mode='loss')
    alone = model(**batch_of(model, [mixed_batch()[0]]), mode='loss')
    torch.testing.assert_close(losses['loss_bbox'], alone['loss_bbox'])
    answers = model(**batch_of(model, [broken, good]), mode='predict')
    assert 'pred_tube' not in answers[0]
    assert 'pred_tube' in answers[1]
    empty = model(**batch_of(model, [broken]), mode='loss')
    assert {name: value.item() for name, value in empty.items()} == {'loss_empty': 0.0}
    assert 'pred_tube' not in model(**batch_of(model, [broken]), mode='predict')[0]


@pytest.mark.parametrize(
    'options',
    [{'model.motion_backbone': None, 'model.head.context.generator.with_motion': False,
      'model.head.context.refiner.with_motion': False}, {'model.head.context': None}],
    ids=['no motion', 'baseline'],
)  # fmt: skip
def test_variants_train_and_predict(options):
    model = toy_model(cfg_options=options).train()
    losses = model(**batch_of(model, mixed_batch()), mode='loss')
    sum(losses.values()).backward()
    assert ('loss_conf' in losses) == (model.head.context is not None)
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)
    model.eval()
    with torch.no_grad():
        together = model(**batch_of(model, mixed_batch()), mode='tensor')
        assert_same_outputs(together, model(**batch_of(model, mixed_batch()[1:2]), mode='tensor'), 1)


def test_unknown_mode_is_named(model):
    with pytest.raises(ValueError, match="'train'"):
        model(**batch_of(model, mixed_batch()[:1]), mode='train')


def test_missing_ground_truth_is_named(model):
    item = mixed_batch()[0]
    del item['data_samples'].gt_tube
    with pytest.raises(ValueError, match='Item 9 has no ground truth'):
        model(**batch_of(model, [item]), mode='loss')


def test_unknown_test_cfg_is_named():
    with pytest.raises(ValueError, match='halves'):
        toy_model(cfg_options={'model.test_cfg.halves': 2})


@pytest.mark.parametrize('device', DEVICES)
def test_a_training_step_reads_no_value_of_the_device(device):
    """Also with sentences of different lengths, whose mask transformers would look into."""
    model = toy_model(cfg_options=OPTIONS, device=device).train()
    batch = batch_of(model, mixed_batch())
    places = device_reads(lambda: sum(model(**batch, mode='loss').values()).backward(), torch.device(device))
    assert places == {}


def test_all_attention_can_be_fused(monkeypatch):
    """GPUs fuse it only where the last axis of a mask lies in memory without gaps."""
    masks, fused = [], F.scaled_dot_product_attention

    def attend(*args, attn_mask=None, **kwargs):
        masks.append(attn_mask)
        return fused(*args, attn_mask=attn_mask, **kwargs)

    monkeypatch.setattr(F, 'scaled_dot_product_attention', attend)
    model = toy_model(cfg_options=OPTIONS).train()
    model(**batch_of(model, mixed_batch()), mode='loss')
    found = [mask for mask in masks if mask is not None]
    assert len(found) > 10
    assert all(mask.stride(-1) == 1 for mask in found)


def test_recomputed_frames_change_neither_losses_nor_gradients():
    def step(recompute_frames):
        model = toy_model(cfg_options={**OPTIONS, 'model.recompute_frames': recompute_frames}).train()
        batch = batch_of(model, mixed_batch())
        own = [*model.parameters(), *model.buffers()]
        kept = bytes_kept_for_backward(lambda: sum(model(**batch, mode='loss').values()), own)
        losses = model(**batch, mode='loss')
        sum(losses.values()).backward()
        return kept, losses, {name: p.grad for name, p in model.named_parameters() if p.grad is not None}

    kept, losses, gradients = step(None)
    kept_less, losses_again, gradients_again = step(4)
    assert kept_less < 0.9 * kept
    torch.testing.assert_close(losses_again, losses, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(gradients_again, gradients, atol=1e-5, rtol=1e-4)


def test_channels_last_changes_no_result_and_gradients_lie_as_their_parameters():
    """Else DistributedDataParallel copies each of them, and warns."""

    def step(channels_last):
        model = toy_model(cfg_options={**OPTIONS, 'model.channels_last': channels_last}).train()
        losses = model(**batch_of(model, mixed_batch()[:1]), mode='loss')
        sum(losses.values()).backward()
        return losses, {name: p for name, p in model.named_parameters() if p.grad is not None}

    losses, parameters = step(True)
    assert [name for name, p in parameters.items() if p.grad.stride() != p.stride()] == []
    expected_losses, expected = step(False)
    torch.testing.assert_close(losses, expected_losses, atol=1e-4, rtol=1e-4)
    for name, p in parameters.items():
        torch.testing.assert_close(p.grad, expected[name].grad, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize(
    ('backend', 'device'),
    [
        ('eager', 'cpu'),
        pytest.param('inductor', 'cpu', marks=pytest.mark.slow),
        pytest.param('inductor', 'cuda', marks=pytest.mark.cuda),
    ],
)
def test_compiled_parts_are_whole_graphs_and_change_no_result(backend, device):
    def step(compile_cfg):
        model = toy_model(cfg_options={**OPTIONS, 'model.compile_cfg': compile_cfg}, device=device).train()
        sizes = mixed_batch()[: 2 if backend == 'eager' else 1]
        losses = [model(**batch_of(model, [item]), mode='loss') for item in sizes]
        sum(sum(own.values()) for own in losses).backward()
        gradients = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
        with torch.no_grad():
            return losses, gradients, model.eval()(**batch_of(model, mixed_batch()[:1]), mode='tensor')

    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    losses, gradients, outputs = step({'backend': backend})
    assert torch._dynamo.utils.counters['stats']['unique_graphs'] >= len(cgstvg.COMPILED)
    assert not torch._dynamo.utils.counters['graph_break']
    expected_losses, expected_gradients, expected_outputs = step(None)
    torch.testing.assert_close(losses, expected_losses, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(gradients, expected_gradients, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(outputs, expected_outputs, atol=1e-4, rtol=1e-4)


def test_parts_of_the_frames_are_seen_as_the_whole(monkeypatch):
    model = toy_model(cfg_options=OPTIONS).eval()
    batch = batch_of(model, mixed_batch())
    with torch.no_grad():
        whole = model.see(**batch)
        monkeypatch.setattr(cgstvg, 'VALUES_AT_ONCE', 1)
        parts = model.see(**batch)
    torch.testing.assert_close(parts.appearance, whole.appearance, atol=1e-5, rtol=1e-5)


def test_recompute_frames_is_positive():
    with pytest.raises(ValueError, match='recompute_frames is None or at least 1, got 0'):
        toy_model(cfg_options={'model.recompute_frames': 0})


def test_share_of_event_frames_in_the_context():
    """Every frame is chosen with thresholds below all scores, none with one above 1."""
    every = {f'model.head.context.refiner.{name}': -1.0 for name in ('theta_t', 'theta_s', 'theta_gt')}
    for options, share in ((every, 1.0), ({'model.head.context.refiner.theta_gt': 2.0}, 0.0)):
        model = toy_model(cfg_options=options)
        losses = model(**batch_of(model, mixed_batch()), mode='loss')
        assert float(losses['context_share']) == share
