import copy

import pytest
import torch
import torch.multiprocessing as mp
from torch import nn

from mmstvg.engine.optimizers import ShardedAdamW, SkipUnusedAdamW

OPTIONS = dict(lr=0.1, weight_decay=0.1)


def train(optimizer_type, steps, state=None):
    torch.manual_seed(0)
    parts = nn.ModuleList(nn.Linear(3, 2) for _ in range(3))
    groups = [
        dict(params=parts[:2].parameters(), name='rest'),
        dict(params=parts[2].parameters(), name='slow', lr=0.01),
    ]
    optimizer = optimizer_type(groups, **OPTIONS)
    if state is not None:
        optimizer.load_state_dict(state)
    for step in range(steps):
        for place, parameter in enumerate(parts.parameters()):
            # The gradient of one is zero now and then, which leaves it alone.
            parameter.grad = torch.full_like(parameter, float(place + step) if place or step % 2 else 0.0)
        optimizer.param_groups[1]['lr'] *= 0.5  # as a scheduler does
        optimizer.step()
    return parts.state_dict(), optimizer


def compare(rank, folder):
    torch.set_num_threads(1)
    torch.distributed.init_process_group('gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2)
    expected, whole = train(SkipUnusedAdamW, 5)
    found, sharded = train(ShardedAdamW, 5)
    torch.testing.assert_close(found, expected)
    assert 0 < len(sharded.optim.state) < len(whole.state) == 6
    sharded.consolidate_state_dict()
    state = whole.state_dict()
    if rank == 0:
        torch.testing.assert_close(sharded.state_dict()['state'], state['state'])
    expected, _ = train(SkipUnusedAdamW, 2, copy.deepcopy(state))
    torch.testing.assert_close(train(ShardedAdamW, 2, state)[0], expected)
    torch.distributed.destroy_process_group()


def test_same_weights_and_checkpoint_as_unshared(tmp_path):
    mp.spawn(compare, (str(tmp_path),), nprocs=2)


def test_single_process_is_told_what_to_do():
    with pytest.raises(ValueError, match='dist_train.sh, or choose'):
        train(ShardedAdamW, 1)
