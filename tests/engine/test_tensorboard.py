"""What a training with TensorBoard's backend writes."""

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def test_curves_in_tensorboard(make_runner, tmp_path):
    runner = make_runner(
        train_cfg__max_epochs=2,
        default_hooks__checkpoint=None,
        visualizer__vis_backends=[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')],
    )
    runner.train()
    runner.visualizer.close()
    (events,) = tmp_path.glob('run/*/vis_data/events.out.*')
    found = EventAccumulator(str(events))
    found.Reload()
    rates = {f'{group}_lr' for group in ('rest', 'appearance', 'text', 'temporal')}
    assert {'loss', 'loss_bbox', 'd0.loss_bbox', 'grad_norm', 'm_vIoU', 'time', *rates} <= set(found.Tags()['scalars'])
    assert [event.step for event in found.Scalars('grad_norm')] == list(range(1, 11))
    assert found.Scalars('appearance_lr')[0].value == pytest.approx(2e-5)
    assert [event.step for event in found.Scalars('m_vIoU')] == [1, 2]
