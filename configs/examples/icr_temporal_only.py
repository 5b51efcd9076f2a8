# tools/dist_train.sh configs/examples/icr_temporal_only.py 8
# Ablation: ICR keeps the frames of the event, whatever their boxes. There is no confidence and no loss of it.
_base_ = '../cgstvg_hcstvg.py'
model = dict(head=dict(context=dict(refiner=dict(theta_s=None, theta_gt=None))))
