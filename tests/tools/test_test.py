"""tools/test.py on toy videos against what the same weights give elsewhere."""

import json
import sys

import pytest
from batches import CONFIGS
from load_tool import load_tool
from toy_files import make_toy_test_set, save_toy_checkpoint

from mmstvg.apis import STVGInferencer
from mmstvg.evaluation import read_predictions
from mmstvg.evaluation.offline import load_items, score_predictions


@pytest.fixture(scope='module')
def tested(tmp_path_factory):
    """The data, the checkpoint, and the folder of a test run."""
    root = tmp_path_factory.mktemp('toy')
    make_toy_test_set(root / 'data', 3)
    checkpoint = save_toy_checkpoint(root / 'toy.pth', root / 'data')
    options = ['experiment_name=test_test', 'log_level=WARNING', 'default_hooks.visualization.num_items=1']
    options += [f'{split}_dataloader.dataset.data_root={root / "data"}' for split in ('train', 'val', 'test')]
    options += [f'test_dataloader.{option}' for option in ('num_workers=0', 'persistent_workers=False')]
    words = ['test.py', CONFIGS / 'cgstvg_toy.py', checkpoint, '--work-dir', root, '--out', root / 'predictions.json']
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'argv', [*map(str, words), '--cfg-options', *options])
        load_tool('test.py').main()
    return root


def test_same_tubes_as_the_inferencer(tested):
    written = json.loads((tested / 'predictions.json').read_text())
    inferencer = STVGInferencer(weights=tested / 'toy.pth', device='cpu', clip_boxes=False)
    assert len(written) == 3
    for record in written:
        path = tested / 'data/v1_video' / record['video_id']
        (found,) = inferencer(path, record['text'], show_progress=False)['predictions']
        names = ('video_id', 'text', 'span', 'span_seconds', 'score', 'boxes')
        assert {name: found[name] for name in names} == {name: record[name] for name in names}


def test_same_metrics_offline(tested):
    (log,) = tested.glob('20*/20*.json')
    logged = json.loads(log.read_text())
    items = load_items(tested / 'data/annos/hcstvg_v1/test.json')
    metrics, _ = score_predictions(read_predictions(tested / 'predictions.json'), items)
    assert metrics['m_gt_vIoU'] > 0
    assert metrics == {name: logged[name] for name in metrics}
