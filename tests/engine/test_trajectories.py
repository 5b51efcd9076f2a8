"""Six steps of the reference's training, repeated by MMEngine's Runner with the optimizer, schedules and hooks of our
configs on the whole model.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.hooks import Hook
from mmengine.model import BaseDataPreprocessor
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from reference import DATA, clip_inputs, clip_sample, reference_state_dict
from torch.utils.data import DataLoader

from mmstvg.models.data_preprocessor import pad_clips
from mmstvg.registry import MODELS
from mmstvg.utils.config import load_config
from mmstvg.utils.weight_conversion import rename_keys
from tools.model_converters import cgstvg_to_mmstvg

CONFIGS = Path(__file__).parents[2] / 'configs'
GROUPS = {'rest': 'rest', 'vis': 'appearance', 'text': 'text', 'temporal': 'temporal'}  # theirs to ours, in their order
SNAPSHOTS = (1, 6)  # steps after which the moved distances were recorded


class Trajectory:
    """One recorded training."""

    def __init__(self, name: str):
        self.name = name
        self.recorded = dict(np.load(DATA / f'trajectory_{name}.npz'))
        self.meta = json.loads(str(self.recorded.pop('meta')))
        self.config = f'cgstvg_{self.meta["experiment"]}.py'
        self.slow = name.endswith('_slow')
        self.steps = 6 if self.slow else 2  # later, published rates amplify rounding beyond comparison

    def __getitem__(self, key: str) -> np.ndarray:
        return self.recorded[key]

    def rates(self) -> dict[str, float]:
        """Base rate of each of our groups."""
        rates = self.meta.get('slow_base_lrs') if self.slow else None
        return dict(zip(GROUPS.values(), rates or self.meta['base_lrs'], strict=True))

    def items(self) -> list[dict]:
        clips = enumerate(self.meta['clips'])
        return [
            dict(
                inputs=clip_inputs(clip)['video'][0],
                data_samples=clip_sample(clip, self[f'boxes_{i}'], clip['input_ids']),
            )
            for i, clip in clips
        ]

    def skipped(self, steps: int) -> set[str]:
        """Parameters that the reference's optimizer left out in one of the first steps, for want of a gradient."""
        if 'no_grad' in self.meta:
            return {name for names in self.meta['no_grad'][:steps] for name in names}
        changes = self.meta['slow_no_grad']['changes'] if self.slow else self.meta['no_grad_changes']
        first = self.meta['slow_no_grad']['step1'] if self.slow else self.meta['no_grad_step1']
        modules = {*first, *(m for change in changes if change['step'] <= steps for m in change['also_without'])}
        return {f'{module}.{kind}' for module in modules for kind in ('weight', 'bias')}

    def parameters(self, steps: int) -> dict[str, int]:
        """Our names of the recorded parameters to their rows, without those that `skipped` names."""
        rows = {str(name): row for row, name in enumerate(self['param_names']) if name not in self.skipped(steps)}
        return rename_keys(rows, cgstvg_to_mmstvg.RENAMES, cgstvg_to_mmstvg.DROPS)[0]


class Normalised(BaseDataPreprocessor):
    """For the recorded clips, which have been normalised already."""

    def forward(self, data: dict, training: bool = False) -> dict:
        return {'inputs': pad_clips(data['inputs']), 'data_samples': data['data_samples']}


class Recorder(Hook):
    """Writes down what a training does, with dropout off, and stops it."""

    priority = 'VERY_LOW'

    def __init__(self, trajectory: Trajectory, names: list[str]):
        self.trajectory = trajectory
        self.names = names
        self.rates_used, self.rates_after, self.losses, self.grad_norms = [], [], [], []
        self.moved, self.average_moved = {}, {}
        self.outputs = []

    def before_train(self, runner):
        state = runner.model.state_dict()
        self.initial = {name: state[name].clone() for name in self.names}

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        runner.model.eval()
        self.rates_used.append(rates(runner))

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        step = runner.iter + 1
        self.rates_after.append(rates(runner))
        self.losses.append({name: float(value.detach()) for name, value in outputs.items()})
        self.grad_norms.append(runner.message_hub.get_scalar('train/grad_norm').current())
        if step in SNAPSHOTS:
            average = next(hook for hook in runner.hooks if type(hook).__name__ == 'WeightAverageHook')
            state = runner.model.state_dict()
            self.moved[step] = {name: distance(state[name], self.initial[name]) for name in self.names}
            self.average_moved[step] = {
                name: distance(average.average[name], self.initial[name], average.carry[name])
                for name in self.names
                if name in average.average
            }
        runner.train_loop.stop_training = step == self.trajectory.steps


def rates(runner: Runner) -> list[float]:
    by_name = {group['name']: group['lr'] for group in runner.optim_wrapper.param_groups}
    return [by_name[name] for name in GROUPS.values()]


def distance(value, initial, carry=0.0) -> float:
    return float((value.double() - initial.double() + carry).norm())


@cache
def initial_weights(seed: int) -> dict:
    return cgstvg_to_mmstvg.convert(reference_state_dict(seed))[0]


@cache
def shared_model() -> torch.nn.Module:
    init_default_scope('mmstvg')
    config = load_config(CONFIGS / 'cgstvg_hcstvg.py').model
    roberta = Trajectory('hcstvg').meta['roberta']
    config.text_encoder.update(name_or_path=None, config=dict(model_type='roberta', **roberta))
    model = MODELS.build(config)
    model.data_preprocessor = Normalised()
    return model


def train(trajectory: Trajectory, work_dir: Path) -> Recorder:
    """Train as the data set's config says, for the rates, milestones and length that were recorded."""
    config, meta = load_config(CONFIGS / trajectory.config), trajectory.meta
    model = shared_model()
    model.head.context.refiner.theta_gt = config.model.head.context.refiner.theta_gt
    for name, loss in model.head.losses.items():
        loss.weight = config.model.head[name].weight
    base_rates = trajectory.rates()
    config.optim_wrapper.optimizer.lr = base_rates.pop('rest')
    for name, rate in base_rates.items():
        config.optim_wrapper.paramwise_cfg.groups[name].lr = rate
    schedulers = config.param_scheduler if isinstance(config.param_scheduler, list) else [config.param_scheduler]
    for scheduler in schedulers:
        if 'milestones' in scheduler:
            scheduler.milestones = meta['drop_epochs']
    config.train_cfg.max_epochs = meta['max_epoch']
    config.default_hooks.checkpoint = None
    del config.default_hooks.visualization

    recorder = Recorder(trajectory, list(trajectory.parameters(1)))
    runner = Runner(
        model=model,
        work_dir=str(work_dir),
        train_dataloader=DataLoader(trajectory.items(), collate_fn=pseudo_collate),
        train_cfg=config.train_cfg,
        optim_wrapper=config.optim_wrapper,
        param_scheduler=config.param_scheduler,
        default_hooks=config.default_hooks,
        custom_hooks=[recorder],
        randomness=config.randomness,
        default_scope='mmstvg',
        experiment_name=f'trajectory_{trajectory.name}',
    )
    model.init_weights = lambda: model.load_state_dict(initial_weights(meta['seed']))  # called by the Runner
    collect = model.head.register_forward_hook(lambda module, args, outputs: recorder.outputs.append(outputs))
    try:
        runner.train()
    finally:
        collect.remove()
    return recorder


# The published rates can be compared for two steps only; tests/engine/schedulers has all six of their rates.
PUBLISHED = [pytest.param(name, marks=pytest.mark.slow) for name in ('hcstvg', 'vidstg')]


@pytest.fixture(scope='module', params=['hcstvg_slow', 'vidstg_slow', *PUBLISHED])
def run(request, tmp_path_factory):
    trajectory = Trajectory(request.param)
    return trajectory, train(trajectory, tmp_path_factory.mktemp(request.param))


def test_learning_rates(run):
    trajectory, found = run
    np.testing.assert_array_equal(found.rates_used, trajectory['lr_used'][: trajectory.steps])
    np.testing.assert_array_equal(found.rates_after, trajectory['lr_after'][: trajectory.steps])


def test_losses(run):
    trajectory, found = run
    for step, losses in enumerate(found.losses):
        for name, expected in zip(trajectory['loss_names'], trajectory['loss_weighted'][step], strict=True):
            term, _, stage = name.removeprefix('loss_').replace('sted', 'span').partition('_')
            ours = losses[f'd{stage}.loss_{term}' if stage else f'loss_{term}']
            assert ours == pytest.approx(expected, rel=1e-4, abs=1e-6), f'{name} of step {step + 1}'
    totals = [losses['loss'] for losses in found.losses]
    np.testing.assert_allclose(totals, trajectory['loss_total'][: trajectory.steps], rtol=1e-4)


def test_gradient_norms(run):
    trajectory, found = run
    np.testing.assert_allclose(found.grad_norms, trajectory['grad_total_norm'][: trajectory.steps], rtol=5e-4)


def test_context_and_boxes(run):
    trajectory, found = run
    for step, outputs in enumerate(found.outputs):
        context = trajectory['train_context'][step]
        frames = int((context[0] >= 0).sum())
        assert torch.equal(outputs['context_frames'][:, 0], torch.from_numpy(context[:, :frames] == 1))
        boxes = outputs['pred_boxes'][:, 0].detach().numpy()
        np.testing.assert_allclose(boxes, trajectory['train_pred_boxes'][step][:, :frames], atol=1e-4)


@pytest.mark.parametrize(('which', 'recorded'), [('moved', 'param_diff_norm'), ('average_moved', 'ema64_diff_norm')])
def test_moved_distance(run, which, recorded):
    trajectory, found = run
    for row, step in enumerate(SNAPSHOTS):
        if step > trajectory.steps:
            continue
        expected = trajectory[recorded][row]
        groups = trajectory['param_groups']
        largest = {group: expected[groups == group].max() for group in set(groups)}
        for name, place in trajectory.parameters(step).items():
            if which == 'average_moved' and ('box_head' in name or 'actioness_head' in name):
                continue  # the reference averages these twice a step
            distance = getattr(found, which)[step].get(name, 0.0)  # no average is kept of what is frozen
            atol = 5e-3 * largest[groups[place]]
            assert distance == pytest.approx(expected[place], rel=0, abs=atol), f'{name} after step {step}'
