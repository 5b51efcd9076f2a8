# tools/dist_train.sh configs/examples/no_motion.py 8
# No motion network: half the visual tokens, and a confidence in [0, 1] instead of [0, 2], so theta_s is halved.
_base_ = '../cgstvg_hcstvg.py'
model = dict(
    motion_backbone=None,
    head=dict(context=dict(generator=dict(with_motion=False), refiner=dict(with_motion=False, theta_s=0.4))),
)
