# tools/dist_train.sh configs/examples/context_appearance_only.py 8
# Ablation: context of the appearance tokens alone. The confidence lies in [0, 1] then, so theta_s is halved.
_base_ = '../cgstvg_hcstvg.py'
model = dict(head=dict(context=dict(generator=dict(with_motion=False), refiner=dict(with_motion=False, theta_s=0.4))))
