# tools/dist_train.sh configs/examples/sharded_optimizer.py 8
# Each GPU keeps its share of AdamW's moments: 0.2 GB of 1.6 GB on average. The same weights.
_base_ = '../cgstvg_hcstvg.py'
optim_wrapper = dict(optimizer=dict(type='ShardedAdamW'))  # mmstvg/engine/optimizers/sharded_adamw.py
