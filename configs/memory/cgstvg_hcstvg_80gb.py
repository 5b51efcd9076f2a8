# tools/dist_train.sh configs/memory/cgstvg_hcstvg_80gb.py 2
# CG-STVG on HC-STVG 1 with 80 GB a GPU. Four videos a GPU, so 2 GPUs follow the published recipe of 8; bfloat16;
# nothing is recomputed.
_base_ = '../cgstvg_hcstvg.py'
train_dataloader = dict(batch_size=4)
model = dict(encoder=dict(with_cp=False))
optim_wrapper = dict(type='AutocastOptimWrapper')
