"""The small hooks: seeds, finite losses, rates by name, keys of checkpoints."""

import pytest
import torch
from mmengine.hooks import Hook

from mmstvg.utils import read_checkpoint


def poisoned(*items):
    return [dict(type='StandInClip', poisoned=items)]


def test_a_loss_that_is_not_finite_stops_the_run_and_names_the_items(make_runner, tmp_path):
    runner = make_runner(train_dataloader__dataset__pipeline=poisoned(4))
    with pytest.raises(
        FloatingPointError, match=r'iteration \d \(epoch 1\): loss, loss_bbox, .*item 4 \(video video_4\)'
    ):
        runner.train()
    assert not list((tmp_path / 'run').glob('*.pth'))


def test_a_gradient_that_is_not_finite_stops_the_run(make_runner):
    class Poison(Hook):
        def before_train(self, runner):
            runner.model.head.box_head.weight.register_hook(lambda gradient: gradient * float('inf'))

    runner = make_runner()
    runner.register_hook(Poison())
    with pytest.raises(FloatingPointError, match='iteration 1 .*: grad_norm. The batch: item'):
        runner.train()


def test_rates_are_logged_by_name(make_runner, tmp_path):
    make_runner(train_cfg__max_epochs=2).train()
    scalars = read_checkpoint(tmp_path / 'run' / 'epoch_2.pth')['message_hub']['log_scalars']
    rates = {name: scalars[f'train/{name}_lr'].data[0] for name in ('rest', 'appearance', 'text', 'temporal')}
    assert [len(rate) for rate in rates.values()] == [10] * 4
    assert {name: rate[0] for name, rate in rates.items()} == {
        'rest': 1e-2,
        'appearance': 2e-5,
        'text': 5e-5,
        'temporal': 1e-4,
    }
    assert rates['rest'][-1] == 1e-2
    assert rates['text'][-1] == pytest.approx(5e-5 * 0.1)  # after 9 of 10 steps of a linear decay


def test_two_schedules_of_one_group_are_refused(make_runner):
    runner = make_runner()
    runner.param_schedulers[0]['groups'] = ['rest', 'text']
    with pytest.raises(ValueError, match=r"Two schedulers of param_scheduler act on the groups \['text'\]"):
        runner.train()


def test_chance_of_a_step_depends_on_seed_and_iteration_alone(make_runner):
    seen = {}

    class Draw(Hook):
        priority = 'LOW'

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            seen.setdefault(runner.iter, []).append(torch.rand(1).item())

    for wasted in (0, 1000):
        runner = make_runner(train_cfg__max_epochs=1)
        runner.register_hook(Draw())
        torch.rand(wasted)
        runner.train()
    assert all(first == second for first, second in seen.values())
    assert len({first for first, _ in seen.values()}) == 5


@pytest.fixture
def weights(make_runner):
    return dict(make_runner().model.state_dict())


def save(tmp_path, weights):
    torch.save(dict(state_dict=weights), tmp_path / 'weights.pth')
    return str(tmp_path / 'weights.pth')


def test_weights_of_another_model_are_refused(make_runner, tmp_path, weights):
    weights['backbone.9.weight'] = weights.pop('backbone.0.weight')
    weights['backbone.0.bias'] = torch.zeros(5)
    path = save(tmp_path, weights)
    named = r'unknown to the model: backbone\.9\.weight; of another shape: backbone\.0\.bias'
    with pytest.raises(ValueError, match=f'not of this model .*{named}; missing: backbone.0.weight'):
        make_runner(load_from=path).test()
    with pytest.raises(ValueError, match=f'{named}.$'):
        make_runner(load_from=path).train()


def test_a_training_may_start_from_a_part_of_the_weights(make_runner, tmp_path, weights):
    del weights['head.box_head.weight']
    path = save(tmp_path, weights)
    with pytest.raises(ValueError, match=r'missing: head\.box_head\.weight'):
        make_runner(load_from=path).test()
    make_runner(load_from=path, train_cfg__max_epochs=1).train()


def test_weights_to_ignore(make_runner, tmp_path, weights):
    weights['backbone.0.weight'] = torch.zeros(1)
    path = save(tmp_path, weights)
    options = dict(default_hooks__checkpoint_keys__ignore=['backbone.'], train_cfg__max_epochs=1)
    make_runner(load_from=path, **options).train()
    # What it has trained is its own, to be tested and resumed from.
    trained = tmp_path / 'run' / 'epoch_1.pth'
    runner = make_runner(load_from=str(trained), **options)
    runner.test()
    expected = read_checkpoint(trained)['state_dict']['backbone.0.weight']
    assert torch.equal(runner.model.backbone[0].weight, expected)
    make_runner(load_from=str(trained), resume=True, **{**options, 'train_cfg__max_epochs': 2}).train()
