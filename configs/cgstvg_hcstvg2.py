# tools/dist_train.sh configs/cgstvg_hcstvg2.py 8
# CG-STVG on HC-STVG 2, published recipe; its initial weights: docs/train.md.
_base_ = [
    './_base_/default_runtime.py',
    './_base_/datasets/hcstvg2.py',
    './_base_/models/cgstvg_r101_vidswint_roberta.py',
    './_base_/schedules/hcstvg_90e.py',
]
model = dict(head=dict(context=dict(refiner=dict(theta_t=0.5, theta_s=0.8, theta_gt=0.7))))
