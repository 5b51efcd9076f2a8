"""Every example config builds, takes a training step and answers; a choice that does not fit says what to change."""

from pathlib import Path

import pytest
import torch
from batches import batch_of, make_clip, make_sample, mixed_batch, toy_model
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper

from mmstvg.apis import init_model
from mmstvg.models.text_encoders import HFTextEncoder
from mmstvg.registry import METRICS, MODELS
from mmstvg.utils.config import load_config

CONFIGS = Path(__file__).parents[1] / 'configs'
EXAMPLES = sorted((CONFIGS / 'examples').glob('*.py'))
# Stand-ins for what would have to be downloaded.
SMALL = dict(vocab_size=99, hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64)
TEXT_CONFIGS = {
    'roberta-base': dict(model_type='roberta', pad_token_id=1, **SMALL),
    'bert-base-uncased': dict(model_type='bert', **SMALL),
    'distilbert-base-uncased': dict(
        model_type='distilbert', vocab_size=99, dim=48, n_layers=2, n_heads=4, hidden_dim=64
    ),
    'microsoft/deberta-base': dict(
        model_type='deberta', relative_attention=True, pos_att_type=['c2p', 'p2c'], position_biased_input=False, **SMALL
    ),
    'openai/clip-vit-base-patch32': dict(model_type='clip_text_model', pad_token_id=1, eos_token_id=2, **SMALL),
}


def small_model(path: Path):
    """The model with few and narrow layers, as far as the example says nothing of them, and its config."""
    config = load_config(path)
    base, model = load_config(CONFIGS / 'cgstvg_hcstvg.py').model, config.model
    text = model.text_encoder
    text.config, text.name_or_path = TEXT_CONFIGS[text.name_or_path], None
    if model.backbone == base.backbone:
        model.backbone.depth = 18
    if model.motion_backbone is not None:
        model.motion_backbone.depths = (1, 1, 1, 1)
    head, base_head = model.head, base.head
    stacks = [(model.encoder, base.encoder)]
    stacks += [(head[name], base_head[name]) for name in ('temporal_decoder', 'spatial_decoder')]
    for stack, unchanged in stacks:
        stack.hidden_dims = 64
        if stack.num_layers == unchanged.num_layers:
            stack.num_layers = 2
    return init_model(config, device='cpu'), config


def clip() -> dict:
    """Four frames with their sentence as token ids."""
    sample = make_sample(4, 64, 64, (1, 3), '')
    sample.set_metainfo(dict(input_ids=torch.tensor([0, 5, 6, 7, 2])))
    return dict(inputs=make_clip(0, 4, 64, 64), data_samples=sample)


@pytest.fixture
def process_group():
    """Of this process alone."""
    torch.distributed.init_process_group('gloo', store=torch.distributed.HashStore(), rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.usefixtures('process_group')
@pytest.mark.parametrize('path', EXAMPLES, ids=lambda path: path.stem)
def test_example(path):
    assert f' configs/examples/{path.name} ' in path.read_text().splitlines()[0]
    model, config = small_model(path)
    optim_wrapper = build_optim_wrapper(model, config.optim_wrapper)
    losses = model.train()(**batch_of(model, [clip()]), mode='loss')
    assert ('loss_conf' in losses) == (path.stem not in ('icg_without_icr', 'icr_temporal_only'))
    total, _ = model.parse_losses(losses)
    assert torch.isfinite(total)
    optim_wrapper.backward(total)
    assert [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None] == []
    optim_wrapper.step()
    model.eval()
    (answer,) = model(**batch_of(model, [clip()]), mode='predict')
    assert 0 <= answer.pred_tube.span[0] < answer.pred_tube.span[1] <= 7
    assert answer.pred_tube.boxes.shape == (4, 4)
    METRICS.build(config.test_evaluator)


@pytest.mark.parametrize('config', TEXT_CONFIGS.values(), ids=lambda config: config['model_type'])
def test_text_encoder_gives_a_short_sentence_beside_a_long_one_what_it_gives_alone(config):
    encoder = HFTextEncoder(config=config, embed_dims=8).eval()
    short, long = torch.tensor([0, 5, 2]), torch.tensor([0, 6, 7, 8, 9, 2])
    together, mask = encoder([short, long])
    alone, _ = encoder([short])
    assert mask.tolist() == [[False] * 3 + [True] * 3, [False] * 6]
    torch.testing.assert_close(together[:1, :3], alone, atol=1e-5, rtol=1e-5)


def test_temporal_refinement_keeps_the_event_in_training():
    model, _ = small_model(CONFIGS / 'examples/icr_temporal_only.py')
    with torch.no_grad():
        losses = model(**batch_of(model, [clip()]), mode='loss')
    assert float(losses['context_share']) == 1.0


def test_own_data_reads_its_folder():
    config = load_config(CONFIGS / 'examples/own_data.py')
    for name in ('train', 'val', 'test'):
        dataset = config[f'{name}_dataloader'].dataset
        assert (dataset.data_root, dataset.data_prefix.video, dataset.duration) == ('data/own/', 'videos', None)
        assert dataset.ann_file == ('train.json' if name == 'train' else 'test.json')


def test_across_data_sets_only_the_data_change():
    config = load_config(CONFIGS / 'examples/hcstvg_on_vidstg.py')
    assert config.model == load_config(CONFIGS / 'cgstvg_hcstvg.py').model
    assert config.test_dataloader == load_config(CONFIGS / 'cgstvg_vidstg.py').test_dataloader


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'head.embed_dims': 64}, r'embed_dims must be the same in all parts, got text_encoder 96, .*head 64'),
        ({'head.context.refiner.embed_dims': 64}, 'head.context.refiner 64'),
        ({'text_encoder.embed_dims': 128}, 'text_encoder 128, encoder 96'),
        ({'encoder.num_heads': 5}, 'num_heads must divide embed_dims, got 5 and 96'),
        ({'head.temporal_decoder.num_layers': 2}, r'same number of layers, got \(2, 3\)'),
        ({'head.context.generator.with_motion': False}, 'False in head.context.generator and True in .*refiner'),
    ],
)
def test_choice_that_does_not_fit_is_named_when_built(options, message):
    with pytest.raises(ValueError, match=message):
        toy_model(cfg_options={f'model.{name}': value for name, value in options.items()})


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'motion_backbone': None}, 'Set with_motion=False in head.context.generator and head.context.refiner'),
        (
            {'motion_backbone.depths': (0, 1), 'motion_backbone.num_heads': (1, 2)},
            'the same stride .choose out_indices',
        ),
    ],
)
def test_choice_that_does_not_fit_is_named_at_the_first_batch(options, message):
    model = toy_model(cfg_options={f'model.{name}': value for name, value in options.items()})
    with pytest.raises(ValueError, match=message):
        model(**batch_of(model, mixed_batch()[:1]), mode='loss')


def test_inherited_keys_of_another_type_are_named():
    """Without `_delete_=True` they stay."""
    backbone = Config.fromfile(CONFIGS / 'cgstvg_hcstvg.py').model.backbone
    backbone.type = 'mmdet.SwinTransformer'
    with pytest.raises(TypeError, match="unexpected keyword argument '(depth|num_stages)'"):
        MODELS.build(backbone)
