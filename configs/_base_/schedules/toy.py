# A short training from random weights on a CPU.
# -------- often changed --------
max_epochs = 10
val_interval = max_epochs  # once, after the last epoch
lr = 9e-4  # of all groups

# -------- seldom changed --------
weight_decay = 1e-4
warmup = 0.02  # of all steps

optim_wrapper = dict(
    type='OptimWrapper',
    constructor='GroupedOptimWrapperConstructor',  # mmstvg/engine/optimizers/
    optimizer=dict(type='AdamW', lr=lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=weight_decay, fused=True),
    clip_grad=dict(max_norm=100.0),
)
param_scheduler = dict(type='WarmupLinearLR', warmup_fraction=warmup, convert_to_iter_based=True)

train_cfg = dict(type='ResumableTrainLoop', max_epochs=max_epochs, val_interval=val_interval)  # mmstvg/engine/loops/
val_cfg = {}
test_cfg = {}
