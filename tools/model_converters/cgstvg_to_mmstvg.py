"""Convert a checkpoint of the published CG-STVG implementation.

    python tools/model_converters/cgstvg_to_mmstvg.py hcstvg.pth cgstvg_hcstvg.pth

Takes the EMA weights where the file has them, as the reference's evaluation does. Names every key that it drops, and
fails on a key that it does not know. One that is missing is named when a model loads the output.
"""

import argparse
from pathlib import Path

from torch import Tensor

from mmstvg.utils.weight_conversion import ATTENTION, WB, read_weights, rename_keys, write_weights

OLD_ENCODER, NEW_ENCODER = r'ground_encoder\.encoder\.spatial_layers\.(\d+)', r'encoder.layers.\1'
OLD_TEMPORAL, NEW_TEMPORAL = r'ground_decoder\.time_decoder\.layers\.(\d+)', r'head.temporal_decoder.layers.\1'
OLD_SPATIAL, NEW_SPATIAL = r'ground_decoder\.decoder\.layers\.(\d+)', r'head.spatial_decoder.layers.\1'

# Old name -> new name, in the order of the data flow. Patterns fit the whole key.
RENAMES = [
    (r'vis_encoder\.0\.body\.(.+)', r'backbone.\1'),
    (r'vid\.patch_embed\.proj\.' + WB, r'motion_backbone.patch_embed.\1'),
    (r'vid\.patch_embed\.norm\.' + WB, r'motion_backbone.patch_norm.\1'),
    (r'vid\.layers\.(\d+)\.blocks\.(\d+)\.mlp\.fc1\.' + WB, r'motion_backbone.stages.\1.\2.mlp.0.\3'),
    (r'vid\.layers\.(\d+)\.blocks\.(\d+)\.mlp\.fc2\.' + WB, r'motion_backbone.stages.\1.\2.mlp.2.\3'),
    (r'vid\.layers\.(\d+)\.blocks\.(\d+)\.((?:norm|attn).+)', r'motion_backbone.stages.\1.\2.\3'),
    (r'vid\.downsamples\.(.+)', r'motion_backbone.downsamples.\1'),
    (r'text_encoder\.body\.(.+)', r'text_encoder.body.\1'),
    (r'text_encoder\.resizer\.fc\.' + WB, r'text_encoder.proj.\1'),
    (r'text_encoder\.resizer\.layer_norm\.' + WB, r'text_encoder.norm.\1'),
    (r'input_proj\.' + WB, r'input_proj.\1'),
    (r'input_proj2\.' + WB, r'motion_proj.\1'),
    # Multimodal encoder.
    (OLD_ENCODER + r'\.self_attn\.' + ATTENTION, NEW_ENCODER + r'.self_attn.\2'),
    (OLD_ENCODER + r'\.norm1\.' + WB, NEW_ENCODER + r'.norm.\2'),
    (OLD_ENCODER + r'\.(linear[12])\.' + WB, NEW_ENCODER + r'.ffn.\2.\3'),
    (OLD_ENCODER + r'\.norm2\.' + WB, NEW_ENCODER + r'.ffn.norm.\2'),
    (r'ground_encoder\.encoder\.norm\.' + WB, r'encoder.norm.\1'),
    # Temporal decoder.
    (OLD_TEMPORAL + r'\.self_attn\.' + ATTENTION, NEW_TEMPORAL + r'.self_attn.\2'),
    (OLD_TEMPORAL + r'\.cross_attn_image\.' + ATTENTION, NEW_TEMPORAL + r'.cross_attn.\2'),
    (OLD_TEMPORAL + r'\.norm1\.' + WB, NEW_TEMPORAL + r'.self_norm.\2'),
    (OLD_TEMPORAL + r'\.norm3\.' + WB, NEW_TEMPORAL + r'.cross_norm.\2'),
    (OLD_TEMPORAL + r'\.(linear[12])\.' + WB, NEW_TEMPORAL + r'.ffn.\2.\3'),
    (OLD_TEMPORAL + r'\.norm4\.' + WB, NEW_TEMPORAL + r'.ffn.norm.\2'),
    (r'ground_decoder\.time_decoder\.norm\.' + WB, r'head.temporal_decoder.norm.\1'),
    # Spatial decoder.
    (r'ground_decoder\.pos_fc\.([024])\.' + WB, r'head.spatial_decoder.anchor_head.\1.\2'),
    (r'ground_decoder\.decoder\.ref_point_head\.(.+)', r'head.spatial_decoder.query_pos.\1'),
    (r'ground_decoder\.decoder\.query_scale\.(.+)', r'head.spatial_decoder.query_scale.\1'),
    (OLD_SPATIAL + r'\.sa_q(content|time|pos)_proj\.' + WB, NEW_SPATIAL + r'.self_attn.query_\2.\3'),
    (OLD_SPATIAL + r'\.sa_k(content|time|pos)_proj\.' + WB, NEW_SPATIAL + r'.self_attn.key_\2.\3'),
    (OLD_SPATIAL + r'\.sa_v_proj\.' + WB, NEW_SPATIAL + r'.self_attn.value.\2'),
    (OLD_SPATIAL + r'\.self_attn\.' + ATTENTION, NEW_SPATIAL + r'.self_attn.attn.\2'),
    (OLD_SPATIAL + r'\.norm1\.' + WB, NEW_SPATIAL + r'.self_norm.\2'),
    (OLD_SPATIAL + r'\.ca_q(content|pos)_proj\.' + WB, NEW_SPATIAL + r'.cross_attn.query_\2.\3'),
    (OLD_SPATIAL + r'\.ca_qpos_sine_proj\.' + WB, NEW_SPATIAL + r'.cross_attn.query_sine.\2'),
    (OLD_SPATIAL + r'\.ca_k(content|pos)_proj\.' + WB, NEW_SPATIAL + r'.cross_attn.key_\2.\3'),
    (OLD_SPATIAL + r'\.ca_v_proj\.' + WB, NEW_SPATIAL + r'.cross_attn.value.\2'),
    (OLD_SPATIAL + r'\.cross_attn\.out_proj\.' + WB, NEW_SPATIAL + r'.cross_attn.out_proj.\2'),
    (OLD_SPATIAL + r'\.norm3\.' + WB, NEW_SPATIAL + r'.cross_norm.\2'),
    (OLD_SPATIAL + r'\.(linear[12])\.' + WB, NEW_SPATIAL + r'.ffn.\2.\3'),
    (OLD_SPATIAL + r'\.norm4\.' + WB, NEW_SPATIAL + r'.ffn.norm.\2'),
    (OLD_SPATIAL + r'\.ca2\.attention\.self\.(query|key|value)\.' + WB, NEW_SPATIAL + r'.context_attn.\2.\3'),
    (OLD_SPATIAL + r'\.ca2\.attention\.output\.dense\.' + WB, NEW_SPATIAL + r'.context_attn.out_proj.\2'),
    (OLD_SPATIAL + r'\.ca2\.attention\.output\.LayerNorm\.' + WB, NEW_SPATIAL + r'.context_attn.attn_norm.\2'),
    (OLD_SPATIAL + r'\.ca2\.hidden_intermediate\.dense\.' + WB, NEW_SPATIAL + r'.context_attn.linear1.\2'),
    (OLD_SPATIAL + r'\.ca2\.output\.dense\.' + WB, NEW_SPATIAL + r'.context_attn.linear2.\2'),
    (OLD_SPATIAL + r'\.ca2\.output\.LayerNorm\.' + WB, NEW_SPATIAL + r'.context_attn.ffn_norm.\2'),
    (r'bbox_embed\.(.+)', r'head.spatial_decoder.box_head.\1'),
    # Context and heads.
    (r'ground_decoder\.decoder\.gf_mlp\.(.+)', r'head.context.generator.appearance_mlp.\1'),
    (r'ground_decoder\.decoder\.gf_mlp2\.(.+)', r'head.context.generator.motion_mlp.\1'),
    (r'ground_decoder\.decoder\.conf\.(.+)', r'head.context.refiner.appearance_mlp.\1'),
    (r'ground_decoder\.decoder\.conf2\.(.+)', r'head.context.refiner.motion_mlp.\1'),
    (r'temp_embed\.(.+)', r'head.span_head.\1'),
    (r'action_embed\.(.+)', r'head.actioness_head.\1'),
]

# What nothing uses in the reference, and what is computed here.
DROPS = [
    r'vid\.layers\.\d+\.blocks\.\d+\.attn\.relative_position_index',  # a constant
    r'text_encoder\.body\.embeddings\.position_ids',  # a constant that newer transformers do not save
    r'text_encoder\.body\.pooler\..+',
    r'ground_encoder\.encoder\.temporal_layers\..+',
    r'ground_encoder\.encoder\.(time_embed\.te|(local_pos_embed|frame_cls|video_cls)\.weight)',
    r'ground_encoder\.fusion\.(weight|bias)',
    r'ground_decoder\.time_embed\.te',  # a constant
    r'ground_decoder\.template_generator\..+',
    r'ground_decoder\.time_fc\..+',
    r'ground_decoder\.decoder\.(norm|norm2|fuse_linear)\..+',
    r'ground_decoder\.decoder\.layers\.0\.ca2\..+',
    r'ground_decoder\.decoder\.layers\.\d+\.ca2\.memory_intermediate\..+',
    r'ground_decoder\.decoder\.layers\.\d+\.ca_qtime_proj\..+',
    r'ground_decoder\.decoder\.bbox_embed\..+',  # a second name of bbox_embed
    r'ground_decoder\.time_embed2\..+',  # a second name of action_embed
]


def convert(state_dict: dict[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    """Weights of the reference under mmstvg's names, and the keys that were dropped.

    Raises:
        KeyError: A key is unknown.
    """
    weights, dropped = rename_keys(state_dict, RENAMES, DROPS)
    patch = weights['motion_backbone.patch_embed.weight']
    weights['motion_backbone.patch_embed.weight'] = patch.squeeze(2)  # (96, 3, 1, 4, 4): patches of one frame
    return weights, dropped


def main():
    """Convert a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', type=Path, help='checkpoint of the reference')
    parser.add_argument('out', type=Path, help='file to write')
    args = parser.parse_args()
    source, name = read_weights(args.source, ('model_ema', 'model'), 'vis_encoder.0.body.', 'the published CG-STVG')
    weights, dropped = convert(source)
    write_weights(args.out, weights, {'source': args.source.name, 'weights': name})
    print('\n'.join(f'dropped {key}' for key in dropped))
    print(f'{len(weights)} tensors of {name!r} -> {args.out}, {len(dropped)} dropped')


if __name__ == '__main__':
    main()
