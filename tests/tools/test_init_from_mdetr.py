"""Initial weights from files in the layout of MDETR's and Video Swin's own."""

import argparse
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.runner import load_checkpoint

from mmstvg.apis import init_model
from mmstvg.utils import safe_checkpoint
from tools.model_converters import init_from_mdetr

ROOT = Path(__file__).parents[2]
TEXT = dict(
    model_type='roberta',
    vocab_size=20,
    hidden_size=24,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=48,
    max_position_embeddings=34,
    type_vocab_size=1,
    pad_token_id=1,
)


def tensors(shapes: dict[str, tuple]) -> dict[str, torch.Tensor]:
    """Tensors that are constant, each with its own value, and small on the disk."""
    return {key: torch.tensor(float(i + 1)).expand(shape) for i, (key, shape) in enumerate(shapes.items())}


def with_bias(name: str, *shape: int) -> dict[str, tuple]:
    return {f'{name}.weight': shape, f'{name}.bias': shape[:1]}


def batch_norm(name: str, channels: int) -> dict[str, tuple]:
    return {f'{name}.{part}': (channels,) for part in ('weight', 'bias', 'running_mean', 'running_var')}


def resnet101(prefix: str) -> dict[str, tuple]:
    shapes = {f'{prefix}conv1.weight': (64, 3, 7, 7), **batch_norm(f'{prefix}bn1', 64)}
    channels = 64
    for stage, (blocks, width) in enumerate([(3, 64), (4, 128), (23, 256), (3, 512)], start=1):
        for block in range(blocks):
            name = f'{prefix}layer{stage}.{block}'
            shapes[f'{name}.conv1.weight'] = (width, channels, 1, 1)
            shapes[f'{name}.conv2.weight'] = (width, width, 3, 3)
            shapes[f'{name}.conv3.weight'] = (4 * width, width, 1, 1)
            for i, size in enumerate((width, width, 4 * width), start=1):
                shapes.update(batch_norm(f'{name}.bn{i}', size))
            if block == 0:
                shapes[f'{name}.downsample.0.weight'] = (4 * width, channels, 1, 1)
                shapes.update(batch_norm(f'{name}.downsample.1', 4 * width))
            channels = 4 * width
    return shapes


def roberta(prefix: str) -> dict[str, tuple]:
    dims, hidden = TEXT['hidden_size'], TEXT['intermediate_size']
    shapes = {
        f'{prefix}embeddings.position_ids': (1, 34),
        f'{prefix}embeddings.word_embeddings.weight': (20, dims),
        f'{prefix}embeddings.position_embeddings.weight': (34, dims),
        f'{prefix}embeddings.token_type_embeddings.weight': (1, dims),
        **with_bias(f'{prefix}embeddings.LayerNorm', dims),
        **with_bias(f'{prefix}pooler.dense', dims, dims),
    }
    for layer in range(2):
        name = f'{prefix}encoder.layer.{layer}'
        for part in ('attention.self.query', 'attention.self.key', 'attention.self.value', 'attention.output.dense'):
            shapes.update(with_bias(f'{name}.{part}', dims, dims))
        shapes.update(with_bias(f'{name}.attention.output.LayerNorm', dims))
        shapes.update(with_bias(f'{name}.intermediate.dense', hidden, dims))
        shapes.update(with_bias(f'{name}.output.dense', dims, hidden))
        shapes.update(with_bias(f'{name}.output.LayerNorm', dims))
    return shapes


def attention(name: str) -> dict[str, tuple]:
    return {
        f'{name}.in_proj_weight': (768, 256),
        f'{name}.in_proj_bias': (768,),
        **with_bias(f'{name}.out_proj', 256, 256),
    }


def mdetr_shapes() -> dict[str, tuple]:
    shapes = {}
    for layer in range(6):
        for stack, parts, norms in (
            ('encoder', ['self_attn'], '12'),
            ('decoder', ['self_attn', 'cross_attn_image'], '134'),
        ):
            name = f'transformer.{stack}.layers.{layer}'
            for part in parts:
                shapes.update(attention(f'{name}.{part}'))
            shapes.update(with_bias(f'{name}.linear1', 2048, 256))
            shapes.update(with_bias(f'{name}.linear2', 256, 2048))
            for norm in norms:
                shapes.update(with_bias(f'{name}.norm{norm}', 256))
    return {
        **shapes,
        **with_bias('transformer.decoder.norm', 256),
        'transformer.CLS.weight': (1, 256),
        **roberta('transformer.text_encoder.'),
        **with_bias('transformer.resizer.fc', 256, TEXT['hidden_size']),
        **with_bias('transformer.resizer.layer_norm', 256),
        **with_bias('class_embed', 256, 256),
        **with_bias('bbox_embed.layers.0', 256, 256),
        **with_bias('bbox_embed.layers.1', 256, 256),
        **with_bias('bbox_embed.layers.2', 4, 256),
        'query_embed.weight': (100, 256),
        **with_bias('input_proj', 256, 2048, 1, 1),
        **resnet101('backbone.0.body.'),
        **with_bias('contrastive_align_projection_image', 64, 256),
        **with_bias('contrastive_align_projection_text', 64, 256),
    }


MDETR_LEFT = {
    'transformer.text_encoder.embeddings.position_ids',
    'transformer.CLS.weight',
    'query_embed.weight',
    *with_bias('transformer.text_encoder.pooler.dense'),
    *with_bias('transformer.decoder.norm'),
    *with_bias('class_embed'),
    *with_bias('contrastive_align_projection_image'),
    *with_bias('contrastive_align_projection_text'),
    *(key for layer in range(6) for key in attention(f'transformer.decoder.layers.{layer}.cross_attn_image')),
}


def swin_shapes() -> dict[str, tuple]:
    shapes = {'backbone.patch_embed.proj.weight': (96, 3, 2, 4, 4), 'backbone.patch_embed.proj.bias': (96,)}
    shapes.update(with_bias('backbone.patch_embed.norm', 96))
    for stage, (depth, heads) in enumerate(zip((2, 2, 6, 2), (3, 6, 12, 24), strict=True)):
        dims = 96 * 2**stage
        for block in range(depth):
            name = f'backbone.layers.{stage}.blocks.{block}'
            shapes.update(with_bias(f'{name}.norm1', dims))
            shapes[f'{name}.attn.relative_position_bias_table'] = (15 * 13 * 13, heads)
            shapes[f'{name}.attn.relative_position_index'] = (392, 392)
            shapes.update(with_bias(f'{name}.attn.qkv', 3 * dims, dims))
            shapes.update(with_bias(f'{name}.attn.proj', dims, dims))
            shapes.update(with_bias(f'{name}.norm2', dims))
            shapes.update(with_bias(f'{name}.mlp.fc1', 4 * dims, dims))
            shapes.update(with_bias(f'{name}.mlp.fc2', dims, 4 * dims))
        if stage < 3:
            shapes[f'backbone.layers.{stage}.downsample.reduction.weight'] = (2 * dims, 4 * dims)
            shapes.update(with_bias(f'backbone.layers.{stage}.downsample.norm', 4 * dims))
    return {**shapes, **with_bias('backbone.norm', 768), **with_bias('cls_head.fc_cls', 400, 768)}


SWIN_LEFT = {
    *(key for key in swin_shapes() if key.endswith('relative_position_index')),
    *with_bias('backbone.norm'),
    *with_bias('cls_head.fc_cls'),
}


@pytest.fixture(scope='module')
def mdetr():
    return tensors(mdetr_shapes())


@pytest.fixture(scope='module')
def swin():
    return tensors(swin_shapes())


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp('config') / 'small_text.py'
    text_encoder = dict(name_or_path=None, config=TEXT)
    path.write_text(f"_base_ = '{ROOT}/configs/cgstvg_hcstvg.py'\nmodel = dict(text_encoder={text_encoder})\n")
    return path


@pytest.fixture(scope='module')
def model(config):
    return init_model(config, device='cpu')


def test_what_is_used_and_left(mdetr, swin, model):
    initial = init_from_mdetr.convert(mdetr, swin)
    assert set(initial.left) == MDETR_LEFT | SWIN_LEFT
    assert len(initial.weights) == len(mdetr) + len(swin) - len(MDETR_LEFT) - len(SWIN_LEFT)
    for new, old in {
        'backbone.layer3.22.bn3.running_var': 'backbone.0.body.layer3.22.bn3.running_var',
        'text_encoder.body.embeddings.LayerNorm.bias': 'transformer.text_encoder.embeddings.LayerNorm.bias',
        'text_encoder.norm.bias': 'transformer.resizer.layer_norm.bias',
        'encoder.layers.5.ffn.norm.weight': 'transformer.encoder.layers.5.norm2.weight',
        'head.spatial_decoder.layers.2.self_norm.bias': 'transformer.decoder.layers.2.norm1.bias',
        'head.spatial_decoder.layers.2.self_attn.attn.out_proj.bias': (
            'transformer.decoder.layers.2.self_attn.out_proj.bias'
        ),
        'head.spatial_decoder.layers.0.cross_norm.weight': 'transformer.decoder.layers.0.norm3.weight',
        'head.spatial_decoder.layers.0.ffn.norm.weight': 'transformer.decoder.layers.0.norm4.weight',
        'head.spatial_decoder.box_head.layers.2.bias': 'bbox_embed.layers.2.bias',
    }.items():
        assert torch.equal(initial.weights[new], mdetr[old])
        assert initial.sources[new] == old
    assert torch.equal(
        initial.weights['motion_backbone.downsamples.2.reduction.weight'],
        swin['backbone.layers.2.downsample.reduction.weight'],
    )
    kept = init_from_mdetr.check(initial, model)
    assert set(kept) == set(model.state_dict()) - set(initial.weights)
    parts = ('input_proj', 'backbone', 'motion_backbone', 'text_encoder', 'encoder.layers')
    assert not [key for key in kept if key.startswith(tuple(f'{part}.' for part in parts))]
    assert {'motion_proj.weight', 'encoder.norm.weight', 'head.span_head.layers.0.weight'} < set(kept)


def test_patches_of_two_frames_become_patches_of_one(mdetr, swin):
    patch = torch.randn(96, 3, 2, 4, 4)
    initial = init_from_mdetr.convert(mdetr, {**swin, 'backbone.patch_embed.proj.weight': patch})
    frame = torch.randn(1, 3, 8, 8)
    expected = torch.nn.functional.conv3d(frame[:, :, None].expand(-1, -1, 2, -1, -1), patch, stride=(2, 4, 4))[:, :, 0]
    found = torch.nn.functional.conv2d(frame, initial.weights['motion_backbone.patch_embed.weight'], stride=4)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_command(mdetr, swin, config, model, tmp_path):
    spoilt = {key: value + 1000 for key, value in list(mdetr.items())[:3]}
    checkpoint = {'model': {**mdetr, **spoilt}, 'model_ema': mdetr, 'epoch': 39, 'args': argparse.Namespace(lr=1e-4)}
    torch.save(checkpoint, tmp_path / 'mdetr.pth')
    torch.save({'meta': {'epoch': 30}, 'state_dict': swin}, tmp_path / 'swin.pth')
    tool = ROOT / 'tools/model_converters/init_from_mdetr.py'
    files = [str(tmp_path / name) for name in ('mdetr.pth', 'swin.pth', 'new/out.pth')]
    done = subprocess.run(
        [sys.executable, tool, *files, '--config', config], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert 'used backbone.0.body.conv1.weight -> backbone.conv1.weight' in lines
    assert {line.removeprefix('left ') for line in lines if line.startswith('left ')} == MDETR_LEFT | SWIN_LEFT
    listed = {line.removeprefix('initial ') for line in lines if line.startswith('initial ')}

    before = {key: value.clone() for key, value in model.state_dict().items()}
    content = load_checkpoint(model, files[2], map_location='cpu')
    assert content['meta'] == {'mdetr': 'mdetr.pth', 'weights': 'model_ema', 'swin': 'swin.pth'}
    after = model.state_dict()
    assert {key for key in after if torch.equal(after[key], before[key])} >= listed
    assert set(after) - set(content['state_dict']) == listed
    for key, old in (('backbone.conv1.weight', 'backbone.0.body.conv1.weight'), ('input_proj.bias', 'input_proj.bias')):
        assert torch.equal(after[key], mdetr[old])
    assert not (tmp_path / 'new/out.part.pth').exists()


def test_file_without_average(mdetr, tmp_path):
    torch.save({'model': mdetr, 'model_ema': None}, tmp_path / 'mdetr.pth')
    weights, name = init_from_mdetr.read_mdetr(tmp_path / 'mdetr.pth')
    assert name == 'model'
    assert weights.keys() == mdetr.keys()


def test_wrong_files(mdetr, swin, tmp_path):
    torch.save({'state_dict': swin}, tmp_path / 'swin.pth')
    torch.save({'model': mdetr}, tmp_path / 'mdetr.pth')
    with pytest.raises(ValueError, match=r'swin\.pth is no checkpoint of MDETR.*holds state_dict'):
        init_from_mdetr.read_mdetr(tmp_path / 'swin.pth')
    with pytest.raises(ValueError, match=r'mdetr\.pth is no checkpoint of a Video Swin.*holds model'):
        init_from_mdetr.read_swin(tmp_path / 'mdetr.pth')
    with pytest.raises(FileNotFoundError, match='nowhere'):
        init_from_mdetr.read_mdetr(tmp_path / 'nowhere.pth')


def test_only_the_arguments_are_read_besides_weights(mdetr, tmp_path):
    torch.save({'model': mdetr, 'args': argparse.Namespace(where=Path('x'))}, tmp_path / 'mdetr.pth')
    with pytest.raises(ValueError, match='can run code'):
        init_from_mdetr.read_mdetr(tmp_path / 'mdetr.pth')


def test_arguments_are_read_with_older_torch(mdetr, tmp_path):
    """Before 2.6 torch could not be told what to allow."""
    torch.save({'model': mdetr, 'args': argparse.Namespace(lr=1)}, tmp_path / 'mdetr.pth')
    read = dict(weights_only=False, pickle_module=safe_checkpoint._restricted_pickle([argparse.Namespace]))
    assert torch.load(tmp_path / 'mdetr.pth', **read)['args'].lr == 1
    read['pickle_module'] = safe_checkpoint._restricted_pickle()
    with pytest.raises(pickle.UnpicklingError, match='Namespace'):
        torch.load(tmp_path / 'mdetr.pth', **read)


def test_wrong_shape(mdetr, swin, model):
    changed = {**mdetr, 'input_proj.weight': torch.zeros(256, 512, 1, 1)}
    with pytest.raises(ValueError, match=r'input_proj\.weight \(256, 512, 1, 1\), in the model \(256, 2048, 1, 1\)'):
        init_from_mdetr.check(init_from_mdetr.convert(changed, swin), model)


def test_missing_weights(mdetr, swin, model):
    gone = 'backbone.0.body.layer4.2.bn3.running_mean'
    rest = {key: value for key, value in mdetr.items() if key != gone}
    with pytest.raises(KeyError, match=r'do not give 1 tensors of the model: backbone\.layer4\.2\.bn3\.running_mean'):
        init_from_mdetr.check(init_from_mdetr.convert(rest, swin), model)


def test_deeper_backbone(mdetr, swin, model):
    deeper = {**mdetr, 'backbone.0.body.layer3.23.conv1.weight': torch.zeros(1)}
    with pytest.raises(KeyError, match=r'no place for: backbone\.0\.body\.layer3\.23\.conv1\.weight'):
        init_from_mdetr.check(init_from_mdetr.convert(deeper, swin), model)


def test_unknown_key_of_a_used_network(mdetr, swin):
    with pytest.raises(KeyError, match=r'transformer\.encoder\.layers\.0\.norm7\.weight'):
        init_from_mdetr.convert({**mdetr, 'transformer.encoder.layers.0.norm7.weight': torch.zeros(1)}, swin)
