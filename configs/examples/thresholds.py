# tools/dist_train.sh configs/examples/thresholds.py 8
# More context: lower thresholds of actioness and confidence at inference, of the overlap in training.
_base_ = '../cgstvg_hcstvg.py'
model = dict(head=dict(context=dict(refiner=dict(theta_t=0.0, theta_s=0.6, theta_gt=0.6))))
