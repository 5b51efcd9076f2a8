# tools/dist_train.sh configs/memory/cgstvg_vidstg_24gb.py 8
# CG-STVG on VidSTG with 24 GB a GPU. One video a GPU, bfloat16.
_base_ = '../cgstvg_vidstg.py'
optim_wrapper = dict(type='AutocastOptimWrapper')
