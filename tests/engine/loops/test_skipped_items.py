import logging

import torch

from mmstvg.engine.loops.skipped_items import SkippedItems
from mmstvg.structures import STVGDataSample


def batch(*broken):
    """Items 0, 1, ...; each with why it is broken, or None."""
    metas = [dict(item_id=i, video_path=f'{i}.mp4') | (dict(broken=why) if why else {}) for i, why in enumerate(broken)]
    inputs = [None if why else torch.full((1,), i) for i, why in enumerate(broken)]
    return dict(inputs=inputs, data_samples=[STVGDataSample(metainfo=meta) for meta in metas])


def test_what_is_left():
    whole = batch(None, None)
    assert SkippedItems().take_out(whole) is whole
    left = SkippedItems().take_out(batch('missing', None, 'empty'))
    assert left['inputs'] == [torch.ones(1)]
    assert [sample.item_id for sample in left['data_samples']] == [1]
    assert SkippedItems().take_out(batch('missing', 'empty')) is None


def test_reported_once_by_reason(caplog):
    skipped, logger = SkippedItems(), logging.getLogger('skipped')
    with caplog.at_level('WARNING', 'skipped'):
        skipped.report(logger)
        assert not caplog.messages
        for _ in range(2):
            skipped.take_out(batch('missing', None, 'empty', 'missing'))
            skipped.report(logger)
        (message,) = caplog.messages
        assert message.startswith('3 items are left out, for their videos cannot be read (empty: 1, missing: 2):')
        assert '  item 2 (2.mp4): empty' in message.splitlines()
        skipped.take_out(batch(*['truncated'] * 30))
        skipped.report(logger)
    assert caplog.messages[1].startswith('30 items')
    assert '... and 10 more' in caplog.messages[1]


def test_those_of_all_processes_count(caplog, monkeypatch):
    elsewhere = {7: ('truncated', '7.mp4'), 0: ('missing', '0.mp4')}
    monkeypatch.setattr('mmstvg.engine.loops.skipped_items.all_gather_object', lambda own: [own, elsewhere])
    skipped = SkippedItems()
    skipped.take_out(batch('missing', 'missing'))
    with caplog.at_level('WARNING', 'skipped'):
        skipped.report(logging.getLogger('skipped'))
    assert '3 items are left out, for their videos cannot be read (missing: 2, truncated: 1)' in caplog.text


def test_the_log_of_a_training_has_them(make_runner, tmp_path):
    pipeline = [dict(type='StandInClip', broken=(2, 3, 4))]
    changes = dict(train_dataloader__num_workers=2, train_dataloader__dataset__pipeline=pipeline)
    make_runner(**changes, train_cfg__max_epochs=2).train()
    (log,) = (tmp_path / 'run').rglob('*.log')
    lines = [line for line in log.read_text().splitlines() if 'left out, for' in line]
    assert len(lines) == 1
    assert '3 items are left out, for their videos cannot be read (missing: 3)' in lines[0]
