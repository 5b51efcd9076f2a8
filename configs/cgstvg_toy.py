# tools/dist_train.sh configs/cgstvg_toy.py 2
# A small CG-STVG on the toy data set, from random weights, on a CPU: `make quickstart`.
_base_ = [
    './_base_/default_runtime.py',
    './_base_/datasets/toy.py',
    './_base_/models/cgstvg_toy.py',
    './_base_/schedules/toy.py',
]
# The average of the weights has to follow faster than in the 50,000 steps of the published recipe.
default_hooks = dict(ema=dict(momentum=0.01))
