# The generated data set: tools/dataset_tools/make_toy_dataset.py data/toy

# ---- often changed -------------------------------------------------------------------------------------------------
data_root = 'data/toy/'
train_batch_size = 4  # videos a process; `make quickstart` runs two
num_workers = 1  # a process; more than one would take the CPU from the model

# ---- sometimes changed ---------------------------------------------------------------------------------------------
height = 64  # pixels, as the videos are
train_frames = 12  # all clips have the same length, so a batch is one call of each network
test_frames = 24  # twice the density: tested as even and odd half
flip_prob = 0.5
crop_prob = 0.3
foreign_text_prob = 0.5  # not in the published system: long videos are searched by what is learned from it

dataset_type = 'HCSTVGDataset'
resize = dict(type='ResizeClip', height=height, max_ratio=1.5, to_uint8=True)
train_pipeline = [
    dict(type='LoadVideoInfo'),
    dict(type='RandomTemporalCrop', prob=crop_prob),
    dict(type='SampleFramesUniform', num_frames=train_frames, keep_event=True),
    dict(type='DecodeFrames', resize=resize),
    dict(type='RandomFlipClip', prob=flip_prob),
    dict(type='PackSTVGInputs'),
]
test_pipeline = [
    dict(type='LoadVideoInfo'),
    dict(type='SampleFramesUniform', num_frames=test_frames),
    dict(type='DecodeFrames', resize=resize),
    dict(type='PackSTVGInputs'),
]

train_dataloader = dict(
    batch_size=train_batch_size,
    num_workers=num_workers,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='pseudo_collate'),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annos/hcstvg_v1/train.json',
        data_prefix=dict(video='v1_video'),
        foreign_text_prob=foreign_text_prob,
        duration=None,  # the files say their frame rate; HC-STVG's 20 s do not hold here
        pipeline=train_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=num_workers,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='pseudo_collate'),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annos/hcstvg_v1/test.json',
        data_prefix=dict(video='v1_video'),
        duration=None,
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
# HC-STVG 1 has no split for validation, either. The schedule validates once, after the last epoch, and the last
# checkpoint is the one that is tested, so the test videos choose nothing.
val_dataloader = test_dataloader

test_evaluator = dict(type='STVGMetric')
val_evaluator = test_evaluator

inference_cfg = dict(window=6.0)  # seconds: of the longest clip here; longer videos are searched in such windows
