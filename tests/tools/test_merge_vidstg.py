import gzip
import json
from pathlib import Path

import numpy as np
from load_tool import load_tool

from mmstvg.datasets import VidSTGDataset

CASE = Path(__file__).parents[1] / 'data' / 'dataset_vidstg.json.gz'


def test_merged_file_gives_the_same_items(tmp_path, monkeypatch, capsys):
    case = json.loads(gzip.decompress(CASE.read_bytes()))
    for name in ('sent_annos', 'bbox_annos'):
        (tmp_path / name).mkdir()
    (tmp_path / 'sent_annos' / 'val_annotations.json').write_text(json.dumps(case['annotations']['sentences']))
    for vid, content in case['annotations']['boxes'].items():
        (tmp_path / 'bbox_annos' / f'{vid}.json').write_text(json.dumps(content))
    monkeypatch.setattr('sys.argv', ['merge_vidstg.py', str(tmp_path), '--splits', 'val'])
    load_tool('dataset_tools/merge_vidstg.py').main()
    assert '24 pairs, 21 of them usable' in capsys.readouterr().out

    prefix = dict(video='videos', boxes='bbox_annos')
    official, merged = (
        VidSTGDataset(place, data_root=str(tmp_path), data_prefix=prefix)
        for place in ('sent_annos/val_annotations.json', 'vstg_annos/val.json')
    )
    assert len(official) == len(merged) == 21
    for first, second in zip(official, merged, strict=True):
        tubes = first.pop('gt_tube'), second.pop('gt_tube')
        first.pop('frame_count')  # the merged format has none
        assert first == second
        assert tubes[0].span == tubes[1].span
        assert np.array_equal(tubes[0].boxes, tubes[1].boxes)
