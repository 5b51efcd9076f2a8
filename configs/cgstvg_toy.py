# tools/dist_train.sh configs/cgstvg_toy.py 2
# A small CG-STVG on the toy data set, from random weights, on a CPU: `make quickstart`.
_base_ = [
    './_base_/default_runtime.py',
    './_base_/datasets/toy.py',
    './_base_/models/cgstvg_toy.py',
    './_base_/schedules/toy.py',
]
