# The published recipe of HC-STVG 1 and 2: 90 epochs, 8 GPUs with one video each.
# -------- often changed --------
max_epochs = 90
val_interval = 1  # epochs
accumulate = 1  # batches an update: 4 on 2 GPUs follow the recipe of 8

# -------- the published recipe --------
lr = 3e-4  # everything that is in no other group, span and actioness heads included
lr_appearance = 2e-5
lr_text = 5e-5
lr_temporal = 1e-4
weight_decay = 1e-4  # on norms and biases, too
milestones = [50, 90]  # epochs; 90 is the end and never acts
warmup = 0.01  # of all steps

optim_wrapper = dict(
    type='OptimWrapper',
    constructor='GroupedOptimWrapperConstructor',  # mmstvg/engine/optimizers/
    optimizer=dict(type='SkipUnusedAdamW', lr=lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=weight_decay),
    paramwise_cfg=dict(
        groups=dict(
            appearance=dict(modules=['backbone'], lr=lr_appearance),
            text=dict(modules=['text_encoder'], lr=lr_text),  # with its projection
            temporal=dict(modules=['head.temporal_decoder'], lr=lr_temporal),
        )
    ),
    clip_grad=dict(max_norm=0.1),
    accumulative_counts=accumulate,
)
param_scheduler = [
    dict(
        type='WarmupMultiStepLR',  # mmstvg/engine/schedulers/
        groups=['rest', 'appearance'],
        milestones=milestones,
        convert_to_iter_based=True,
    ),
    dict(type='WarmupLinearLR', groups=['text', 'temporal'], warmup_fraction=warmup, convert_to_iter_based=True),
]
auto_scale_lr = dict(enable=False, base_batch_size=8)  # tools/train.py --auto-scale-lr, where the total batch differs

train_cfg = dict(type='ResumableTrainLoop', max_epochs=max_epochs, val_interval=val_interval)  # mmstvg/engine/loops/
val_cfg = {}
test_cfg = {}
