# tools/dist_train.sh configs/memory/cgstvg_hcstvg_24gb.py 8
# CG-STVG on HC-STVG 1 with 24 GB a GPU. One video a GPU, bfloat16.
_base_ = '../cgstvg_hcstvg.py'
optim_wrapper = dict(type='AutocastOptimWrapper')
