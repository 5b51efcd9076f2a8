# tools/dist_train.sh configs/memory/cgstvg_hcstvg_12gb.py 8
# CG-STVG on HC-STVG 1 with 12 GB a GPU. One video a GPU, bfloat16; everything that can be recomputed is.
# On a single GPU follow the recipe of 8 by --cfg-options optim_wrapper.accumulative_counts=8
_base_ = '../cgstvg_hcstvg.py'
model = dict(recompute_frames=8, text_encoder=dict(with_cp=True))
optim_wrapper = dict(type='AutocastOptimWrapper')
