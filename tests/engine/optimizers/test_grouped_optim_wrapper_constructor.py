import pytest
import torch
from mmengine.optim import build_optim_wrapper
from torch import nn

from mmstvg.engine import AutocastOptimWrapper

pytestmark = pytest.mark.usefixtures('mmstvg_scope')

PUBLISHED = dict(
    appearance=dict(modules=['backbone'], lr=2e-5),
    text=dict(modules=['text_encoder'], lr=5e-5),
    temporal=dict(modules=['head.temporal_decoder'], lr=1e-4),
)


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.temporal_decoder = nn.Linear(2, 2)
        self.temporal_decoder_two = nn.Linear(2, 2)


class Grounder(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(2, 2).requires_grad_(False), nn.BatchNorm1d(2))
        self.text_encoder = nn.Linear(2, 2)
        self.head = Head()


def build(groups, model=None, **options):
    config = dict(
        constructor='GroupedOptimWrapperConstructor',
        optimizer=dict(type='AdamW', lr=3e-4, weight_decay=1e-4),
        paramwise_cfg=dict(groups=groups),
    )
    return build_optim_wrapper(model or Grounder(), dict(config, **options))


def test_groups_of_the_published_recipe():
    model = Grounder()
    wrapper = build(PUBLISHED, model, clip_grad=dict(max_norm=0.1))
    groups = {group['name']: group for group in wrapper.param_groups}
    assert {name: group['lr'] for name, group in groups.items()} == {
        'rest': 3e-4,
        'appearance': 2e-5,
        'text': 5e-5,
        'temporal': 1e-4,
    }
    ids = {name: [id(parameter) for parameter in group['params']] for name, group in groups.items()}
    assert ids['appearance'] == [id(parameter) for parameter in model.backbone[1].parameters()]  # [0] is frozen
    assert ids['text'] == [id(parameter) for parameter in model.text_encoder.parameters()]
    assert ids['temporal'] == [id(parameter) for parameter in model.head.temporal_decoder.parameters()]
    assert ids['rest'] == [id(parameter) for parameter in model.head.temporal_decoder_two.parameters()]
    assert all(group['weight_decay'] == 1e-4 for group in groups.values())  # norms and biases, too


def test_the_longest_path_wins():
    wrapper = build(dict(head=dict(modules=['head'], lr=1.0), temporal=dict(modules=['head.temporal_decoder'], lr=2.0)))
    sizes = {group['name']: len(group['params']) for group in wrapper.param_groups}
    assert sizes == {'rest': 4, 'head': 2, 'temporal': 2}


def test_a_frozen_part_leaves_its_group_empty():
    model = Grounder()
    model.text_encoder.requires_grad_(False)
    wrapper = build(PUBLISHED, model)
    assert [len(group['params']) for group in wrapper.param_groups] == [2, 2, 0, 2]


def test_without_groups_all_is_rest():
    wrapper = build_optim_wrapper(
        Grounder(), dict(constructor='GroupedOptimWrapperConstructor', optimizer=dict(type='SGD', lr=0.1))
    )
    assert [group['name'] for group in wrapper.param_groups] == ['rest']


@pytest.mark.parametrize(
    ('groups', 'message'),
    [
        (
            dict(a=dict(modules=['backbon'], lr=1.0)),
            r"No parameter lies in \['backbon'\].*backbone, text_encoder, head",
        ),
        (
            dict(a=dict(modules=['head'], lr=1.0), b=dict(modules=['head'], lr=1.0)),
            "`head` is in the groups 'a' and 'b'",
        ),
        (dict(a=dict(prefix='head', lr=1.0)), r"groups\['a'\].*takes `modules` and `lr`"),
        (dict(rest=dict(modules=['head'], lr=1.0)), '`rest` stands for'),
    ],
)
def test_bad_groups(groups, message):
    with pytest.raises(ValueError, match=message):
        build(groups)


def test_unknown_keys():
    with pytest.raises(ValueError, match=r"Unknown keys of paramwise_cfg: \['norm_decay_mult'\]"):
        build({}, paramwise_cfg=dict(norm_decay_mult=0))
    with pytest.raises(TypeError, match='clip_gradient'):
        build({}, clip_gradient=1)


def test_autocast_runs_on_the_cpu_in_bfloat16():
    model = nn.Linear(4, 4)
    wrapper = build_optim_wrapper(
        model,
        dict(
            type='AutocastOptimWrapper',
            constructor='GroupedOptimWrapperConstructor',
            optimizer=dict(type='SGD', lr=0.1),
            clip_grad=dict(max_norm=1.0),
        ),
    )
    assert isinstance(wrapper, AutocastOptimWrapper)
    before = model.weight.detach().clone()
    with wrapper.optim_context(model):
        output = model(torch.ones(2, 4))
    assert output.dtype == torch.bfloat16
    wrapper.update_params(output.float().square().mean())
    assert model.weight.dtype == torch.float32
    assert not torch.equal(model.weight, before)
