# tools/dist_train.sh configs/baseline_hcstvg.py 8
# The paper's baseline: no instance context, so no confidence.
_base_ = './cgstvg_hcstvg.py'
model = dict(head=dict(context=None))
