# tools/dist_train.sh configs/examples/icr_spatial_only.py 8
# Ablation: ICR asks the confidence alone, not whether a frame belongs to the event. Training stays as it is, since
# frames outside the event have no true box.
_base_ = '../cgstvg_hcstvg.py'
model = dict(head=dict(context=dict(refiner=dict(theta_t=None))))
