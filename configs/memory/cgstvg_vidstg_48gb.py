# tools/dist_train.sh configs/memory/cgstvg_vidstg_48gb.py 4
# CG-STVG on VidSTG with 48 GB a GPU. Two videos a GPU, so 4 GPUs follow the published recipe of 8; bfloat16.
_base_ = '../cgstvg_vidstg.py'
train_dataloader = dict(batch_size=2)
optim_wrapper = dict(type='AutocastOptimWrapper')
