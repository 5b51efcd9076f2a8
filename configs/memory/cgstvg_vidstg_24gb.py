# tools/dist_train.sh configs/memory/cgstvg_vidstg_24gb.py 8
# CG-STVG on VidSTG with 24 GB a GPU. One video a GPU, bfloat16; the encoder, which keeps most, is recomputed.
_base_ = '../cgstvg_vidstg.py'
model = dict(encoder=dict(with_cp=True))
optim_wrapper = dict(type='AutocastOptimWrapper')
