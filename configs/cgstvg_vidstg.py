# tools/dist_train.sh configs/cgstvg_vidstg.py 8
# CG-STVG on VidSTG, published recipe; its initial weights: docs/train.md.
# Which confidence loss trained the published weights is not known; loss_conf=dict(kind='smooth_l1') is the other one.
_base_ = [
    './_base_/default_runtime.py',
    './_base_/datasets/vidstg.py',
    './_base_/models/cgstvg_r101_vidswint_roberta.py',
    './_base_/schedules/vidstg_10e.py',
]
model = dict(
    head=dict(
        context=dict(refiner=dict(theta_t=-0.5, theta_s=0.5, theta_gt=0.5)),
        loss_giou=dict(weight=3.0),
        loss_span=dict(weight=1.0),
    )
)
