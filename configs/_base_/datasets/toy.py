# The generated data set: tools/dataset_tools/make_toy_dataset.py data/toy
# ------------------------------- often changed -------------------------------
data_root = 'data/toy/'
train_batch_size = 8  # videos a process
num_workers = 2  # a process
# ------------------------------- rarely changed ------------------------------
height = 96  # pixels; the videos are 96 to 112 high
train_fps = 5.0
test_fps = 10.0  # twice the training rate: tested as even and odd half
flip_prob = 0.5
crop_prob = 0.5
# -----------------------------------------------------------------------------

dataset_type = 'HCSTVGDataset'
resize = dict(type='ResizeClip', height=height, to_uint8=True)
train_pipeline = [
    dict(type='LoadVideoInfo'),  # the files say their frame rate; HC-STVG's 20 s do not hold here
    dict(type='SampleFramesByFPS', target_fps=train_fps, keep_event=True),
    dict(type='RandomTemporalCrop', prob=crop_prob),
    dict(type='DecodeFrames', resize=resize),
    dict(type='RandomFlipClip', prob=flip_prob),
    dict(type='PackSTVGInputs'),
]
test_pipeline = [
    dict(type='LoadVideoInfo'),
    dict(type='SampleFramesByFPS', target_fps=test_fps),
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
        duration=None,
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
val_dataloader = test_dataloader

test_evaluator = dict(type='STVGMetric')
val_evaluator = test_evaluator

inference_cfg = dict(window=6.0)  # seconds: of the longest clip here; longer videos are searched in such windows
