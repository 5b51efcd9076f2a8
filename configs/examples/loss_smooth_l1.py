# tools/dist_train.sh configs/examples/loss_smooth_l1.py 8
# The other confidence loss that the reference holds for VidSTG, and its way to count boxes.
_base_ = '../cgstvg_vidstg.py'
model = dict(
    head=dict(
        loss_conf=dict(kind='smooth_l1'),
        loss_bbox=dict(normalizer='processes'),
        loss_giou=dict(normalizer='processes'),
    )
)
