# tools/dist_train.sh configs/cgstvg_hcstvg.py 8
# CG-STVG on HC-STVG 1, published recipe; its initial weights: docs/train.md.
_base_ = [
    './_base_/default_runtime.py',
    './_base_/datasets/hcstvg.py',
    './_base_/models/cgstvg_r101_vidswint_roberta.py',
    './_base_/schedules/hcstvg_90e.py',
]
