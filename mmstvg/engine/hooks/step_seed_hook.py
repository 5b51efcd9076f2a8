import random

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmstvg.registry import HOOKS


@HOOKS.register_module()
class StepSeedHook(Hook):
    """Seeds all random numbers of the trainer before each step with a function of the seed and the iteration.

    Dropout then depends on where the training is and not on what ran before, so a resumed run repeats an unbroken one
    without storing the state of any generator, on any number of processes. With `randomness=dict(seed=2021,
    diff_rank_seed=True)` the processes have the seeds 2021, 2022, ... as in the reference, and differ in their dropout.
    """

    priority = 'VERY_HIGH'

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None) -> None:
        """Seed python, numpy and torch."""
        state = np.random.SeedSequence([runner.seed, runner.iter]).generate_state(4)
        random.seed(int(state[0]))
        np.random.seed(state)
        torch.manual_seed(int(state[0]))
