"""Make the initial weights of CG-STVG from MDETR and a Video Swin Transformer trained on Kinetics.

    python tools/model_converters/init_from_mdetr.py pretrained_resnet101_checkpoint.pth \
        swin_tiny_patch244_window877_kinetics400_1k.pth checkpoints/init_cgstvg.pth

A training starts from the output by `--cfg-options load_from=checkpoints/init_cgstvg.pth`. Names every tensor that it
uses, every one that it leaves, and the model's own that keep their random start. Fails when a tensor of the model's
networks is missing in the files, or is there under another shape.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

from torch import Tensor, nn

from mmstvg.apis import init_model
from mmstvg.utils.config import load_config
from mmstvg.utils.random_text import use_random_text
from mmstvg.utils.weight_conversion import ATTENTION, WB, read_weights, rename_keys, write_weights

ENCODER, NEW_ENCODER = r'transformer\.encoder\.layers\.(\d+)', r'encoder.layers.\1'
DECODER, NEW_DECODER = r'transformer\.decoder\.layers\.(\d+)', r'head.spatial_decoder.layers.\1'
BLOCK, NEW_BLOCK = r'backbone\.layers\.(\d+)\.blocks\.(\d+)', r'motion_backbone.stages.\1.\2'

MDETR_RENAMES = [
    (r'backbone\.0\.body\.(.+)', r'backbone.\1'),
    (r'transformer\.text_encoder\.(.+)', r'text_encoder.body.\1'),
    (r'transformer\.resizer\.fc\.' + WB, r'text_encoder.proj.\1'),
    (r'transformer\.resizer\.layer_norm\.' + WB, r'text_encoder.norm.\1'),
    (r'input_proj\.' + WB, r'input_proj.\1'),
    (ENCODER + r'\.self_attn\.' + ATTENTION, NEW_ENCODER + r'.self_attn.\2'),
    (ENCODER + r'\.norm1\.' + WB, NEW_ENCODER + r'.norm.\2'),
    (ENCODER + r'\.(linear[12])\.' + WB, NEW_ENCODER + r'.ffn.\2.\3'),
    (ENCODER + r'\.norm2\.' + WB, NEW_ENCODER + r'.ffn.norm.\2'),
    (DECODER + r'\.self_attn\.' + ATTENTION, NEW_DECODER + r'.self_attn.attn.\2'),
    (DECODER + r'\.norm1\.' + WB, NEW_DECODER + r'.self_norm.\2'),
    (DECODER + r'\.norm3\.' + WB, NEW_DECODER + r'.cross_norm.\2'),
    (DECODER + r'\.(linear[12])\.' + WB, NEW_DECODER + r'.ffn.\2.\3'),
    (DECODER + r'\.norm4\.' + WB, NEW_DECODER + r'.ffn.norm.\2'),
    (r'bbox_embed\.(.+)', r'head.spatial_decoder.box_head.\1'),
]
MDETR_LEAVES = [
    r'transformer\.text_encoder\.embeddings\.position_ids',  # a constant
    r'transformer\.text_encoder\.pooler\..+',
    r'transformer\.(encoder|decoder)\.norm\..+',  # that of the decoder goes to a layer whose output nothing uses
    r'transformer\.decoder\.layers\.\d+\.(cross_attn.*|norm2)\..+',  # the spatial decoder's attention is another one
    # Queries, classes, contrastive projections, heads for questions.
    r'(?!backbone\.|input_proj\.|bbox_embed\.|transformer\.(text_encoder|resizer|encoder|decoder)\.).+',
]
SWIN_RENAMES = [
    (r'backbone\.patch_embed\.proj\.' + WB, r'motion_backbone.patch_embed.\1'),
    (r'backbone\.patch_embed\.norm\.' + WB, r'motion_backbone.patch_norm.\1'),
    (BLOCK + r'\.mlp\.fc1\.' + WB, NEW_BLOCK + r'.mlp.0.\3'),
    (BLOCK + r'\.mlp\.fc2\.' + WB, NEW_BLOCK + r'.mlp.2.\3'),
    (BLOCK + r'\.((?:norm|attn).+)', NEW_BLOCK + r'.\3'),
    (r'backbone\.layers\.(\d+)\.downsample\.(.+)', r'motion_backbone.downsamples.\1.\2'),
]
SWIN_LEAVES = [
    BLOCK + r'\.attn\.relative_position_index',  # a constant
    r'backbone\.norm\..+',
    r'(?!backbone\.).+',  # the class head
]
PATCH = 'motion_backbone.patch_embed.weight'

# What the two files give completely.
PARTS = ('backbone.', 'motion_backbone.', 'text_encoder.', 'input_proj.', 'encoder.layers.')
PARTS_OF_HEAD = ('head.spatial_decoder.box_head.', '.self_attn.attn.', '.self_norm.', '.cross_norm.', '.ffn.')


class InitialWeights(NamedTuple):
    """The weights by their names in the model, where each comes from, and what was left of the files."""

    weights: dict[str, Tensor]
    sources: dict[str, str]
    left: list[str]


def convert(mdetr: dict[str, Tensor], swin: dict[str, Tensor]) -> InitialWeights:
    """Rename the weights of MDETR (ResNet-101) and of a Video Swin Transformer.

    The patch embedding of the latter covers two frames; its two halves are added up to one for single frames.

    Raises:
        KeyError: A key inside the networks that are used is unknown.
    """
    sources, left = rename_keys({key: key for key in mdetr}, MDETR_RENAMES, MDETR_LEAVES)
    swin_sources, swin_left = rename_keys({key: key for key in swin}, SWIN_RENAMES, SWIN_LEAVES)
    weights = {new: mdetr[old] for new, old in sources.items()}
    weights.update({new: swin[old] for new, old in swin_sources.items()})
    if PATCH in weights:
        weights[PATCH] = weights[PATCH].sum(dim=2)  # (96, 3, 2, 4, 4) to (96, 3, 4, 4)
    return InitialWeights(weights, {**sources, **swin_sources}, left + swin_left)


def check(initial: InitialWeights, model: nn.Module) -> list[str]:
    """Compare with a model.

    Returns:
        Keys of the model that keep their own start.

    Raises:
        KeyError: The files hold keys that the model does not know, or lack some of the networks that they should give.
        ValueError: Shapes differ.
    """
    own = model.state_dict()
    unknown = [initial.sources[key] for key in initial.weights if key not in own]
    if unknown:
        raise KeyError(f'{len(unknown)} keys that the model of the config has no place for: {", ".join(unknown)}')
    kept = [key for key in own if key not in initial.weights]
    missing = [key for key in kept if _should_be_given(key)]
    if missing:
        raise KeyError(f'The files do not give {len(missing)} tensors of the model: {", ".join(missing)}')
    reshaped = [
        f'{initial.sources[key]} {tuple(value.shape)}, in the model {tuple(own[key].shape)}'
        for key, value in initial.weights.items()
        if value.shape != own[key].shape
    ]
    if reshaped:
        raise ValueError(f'{len(reshaped)} tensors have another shape: {"; ".join(reshaped)}')
    return kept


def _should_be_given(key: str) -> bool:
    if key.endswith('num_batches_tracked'):  # frozen BatchNorm does not count
        return False
    in_decoder = key.startswith('head.spatial_decoder.') and any(part in key for part in PARTS_OF_HEAD)
    return key.startswith(PARTS) or in_decoder


def read_mdetr(path: Path) -> tuple[dict[str, Tensor], str]:
    """Weights of an MDETR checkpoint and the key they had: `model_ema` if there, else `model`.

    It also holds the arguments of its training, an `argparse.Namespace`.

    Raises:
        ValueError: The file is none.
    """
    return read_weights(path, ('model_ema', 'model'), 'backbone.0.body.', 'MDETR', records=[argparse.Namespace])


def read_swin(path: Path) -> dict[str, Tensor]:
    """Weights of a Video Swin Transformer in the format of its authors and of MMAction2.

    Raises:
        ValueError: The file is none.
    """
    return read_weights(path, ('state_dict',), 'backbone.patch_embed.proj.', 'a Video Swin Transformer')[0]


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('mdetr', type=Path, help="MDETR's pretrained_resnet101_checkpoint.pth")
    parser.add_argument('swin', type=Path, help='swin_tiny_patch244_window877_kinetics400_1k.pth')
    parser.add_argument('out', type=Path, help='file to write')
    default = Path(__file__).parents[2] / 'configs/cgstvg_hcstvg.py'
    parser.add_argument('--config', type=Path, default=default, help='of the model to start (default: %(default)s)')
    return parser.parse_args()


def main() -> None:
    """Convert two files."""
    args = parse_args()
    mdetr, name = read_mdetr(args.mdetr)
    initial = convert(mdetr, read_swin(args.swin))
    config = load_config(args.config)
    use_random_text(config)
    kept = check(initial, init_model(config, device='cpu'))
    write_weights(args.out, initial.weights, {'mdetr': args.mdetr.name, 'weights': name, 'swin': args.swin.name})
    print('\n'.join(f'used {old} -> {new}' for new, old in initial.sources.items()))
    print('\n'.join(f'left {key}' for key in initial.left))
    print('\n'.join(f'initial {key}' for key in kept))
    print(
        f'{len(initial.weights)} tensors of MDETR ({name}) and of Video Swin -> {args.out}; {len(initial.left)} left; '
        f'{len(kept)} of the model keep their initial values'
    )


if __name__ == '__main__':
    main()
