"""The reference's checkpoints become ours, and nothing unknown slips through."""

import sys

import pytest
import torch
from reference import ReferenceCase, reference_state_dict

from mmstvg.apis import init_model
from tools.model_converters import cgstvg_to_mmstvg


def convert_file(tmp_path, monkeypatch, state_dict):
    torch.save({'model': {}, 'model_ema': state_dict, 'iteration': 0}, tmp_path / 'reference.pth')
    arguments = ['cgstvg_to_mmstvg.py', str(tmp_path / 'reference.pth'), str(tmp_path / 'ours.pth')]
    monkeypatch.setattr(sys, 'argv', arguments)
    cgstvg_to_mmstvg.main()
    return tmp_path / 'ours.pth'


def test_converted_file_gives_the_recorded_outputs(tmp_path, monkeypatch, capsys):
    case = ReferenceCase('hcstvg')
    state_dict = reference_state_dict(case.meta['seed'])
    state_dict['text_encoder.body.embeddings.position_ids'] = torch.arange(130)[None]  # of older transformers
    path = convert_file(tmp_path, monkeypatch, state_dict)
    printed = capsys.readouterr().out
    assert 'dropped ground_decoder.decoder.bbox_embed.layers.0.weight' in printed
    assert 'dropped text_encoder.body.embeddings.position_ids' in printed
    options = {
        'model.text_encoder.name_or_path': None,
        'model.text_encoder.config': dict(model_type='roberta', **case.meta['roberta']),
        'model.head.context.refiner': {f'theta_{x}': case.meta[f'theta_{x}'] for x in ('t', 's', 'gt')},
    }
    model = init_model('configs/cgstvg_hcstvg.py', path, device='cpu', cfg_options=options)  # fails on a missing key
    with torch.no_grad():
        outputs = model(case.inputs(), [case.sample()], mode='tensor')
    torch.testing.assert_close(outputs['pred_boxes'][:, 0], case['eval_pred_boxes'], atol=1e-4, rtol=0)


def test_another_file_is_named(tmp_path, monkeypatch):
    torch.save({'state_dict': {'backbone.conv1.weight': torch.zeros(1)}}, tmp_path / 'converted.pth')
    arguments = ['cgstvg_to_mmstvg.py', str(tmp_path / 'converted.pth'), str(tmp_path / 'ours.pth')]
    monkeypatch.setattr(sys, 'argv', arguments)
    with pytest.raises(ValueError, match=r'converted\.pth is no checkpoint of the published CG-STVG.*holds state_dict'):
        cgstvg_to_mmstvg.main()
    assert not (tmp_path / 'ours.pth').exists()


@pytest.mark.parametrize('new_key', ['ground_decoder.decoder.layers.1.sa_v_proj.wieght', 'extra.weight'])
def test_unknown_key_is_named(new_key):
    state_dict = {new_key: torch.zeros(1)}
    with pytest.raises(KeyError, match=new_key):
        cgstvg_to_mmstvg.convert(state_dict)


def test_missing_key_is_named(tmp_path, monkeypatch):
    state_dict = reference_state_dict(1)
    del state_dict['ground_decoder.decoder.layers.1.sa_v_proj.weight']
    path = convert_file(tmp_path, monkeypatch, state_dict)
    options = {
        'model.text_encoder.name_or_path': None,
        'model.text_encoder.config': dict(model_type='roberta', **ReferenceCase('hcstvg').meta['roberta']),
    }
    with pytest.raises(KeyError, match=r'head\.spatial_decoder\.layers\.1\.self_attn\.value\.weight'):
        init_model('configs/cgstvg_hcstvg.py', path, device='cpu', cfg_options=options)
