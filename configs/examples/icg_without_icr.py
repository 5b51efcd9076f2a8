# tools/dist_train.sh configs/examples/icg_without_icr.py 8
# Ablation: the context of all frames, unfiltered. Without ICR there is no confidence and no loss of it.
_base_ = '../cgstvg_hcstvg.py'
model = dict(head=dict(context=dict(refiner=None)))
