# tools/dist_train.sh configs/baseline_hcstvg2.py 8
# The paper's baseline: no instance context, so no confidence.
_base_ = './cgstvg_hcstvg2.py'
model = dict(head=dict(context=None))
