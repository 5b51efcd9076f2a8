# tools/dist_train.sh configs/memory/cgstvg_vidstg_12gb.py 8
# CG-STVG on VidSTG with 12 GB a GPU. One video a GPU, bfloat16; everything that can be recomputed is.
# On a single GPU follow the recipe of 8 by --cfg-options optim_wrapper.accumulative_counts=8
_base_ = '../cgstvg_vidstg.py'
model = dict(recompute_frames=8, text_encoder=dict(with_cp=True))
optim_wrapper = dict(type='AutocastOptimWrapper')
