# tools/train.py can run it: the real runtime with the stand-ins of stand_in.py. `ann_file` comes by --cfg-options.
_base_ = ['../../configs/_base_/default_runtime.py', '../../configs/_base_/schedules/hcstvg_90e.py']
custom_imports = dict(imports=['stand_in'])
model = dict(type='StandInGrounder')
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='pseudo_collate'),
    dataset=dict(type='StandInDataset', ann_file='items.txt', pipeline=[dict(type='StandInClip')]),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='pseudo_collate'),
    dataset=dict(
        type='StandInDataset',
        ann_file='items.txt',
        pipeline=[dict(type='StandInClip', augment=False)],
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='StandInMetric')
test_evaluator = val_evaluator
train_cfg = dict(max_epochs=4)
optim_wrapper = dict(optimizer=dict(lr=1e-2))
default_hooks = dict(visualization=None, logger=dict(interval=1))
