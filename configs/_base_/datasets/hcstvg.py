# HC-STVG 1: 4,500 training and 1,160 test clips of 20 seconds.
# Used as a base: _base_ = ['../_base_/datasets/hcstvg.py', ...]

# ---- often changed -------------------------------------------------------------------------------------------------
data_root = 'data/hc-stvg/'
train_batch_size = 1  # videos a GPU
test_batch_size = 1
num_workers = 4  # processes a GPU that read videos

# ---- sometimes changed ---------------------------------------------------------------------------------------------
video_folder = 'v1_video'  # one line to switch to transcoded copies
video_backend = 'pyav'  # or 'decord'
on_broken_video = 'raise'  # or 'skip': left out of training, counted as a miss in evaluation
height = 420  # pixels; frames wider than 1.4:1 are squeezed
to_uint8 = False  # True: a quarter of the memory and faster, about one grey level off

# ---- the published recipe ------------------------------------------------------------------------------------------
train_fps = 3.2
test_fps = 6.4  # twice the density; the model runs on the even and the odd frames
flip_prob = 0.7
crop_prob = 0.5
exclude = ['10__Gvp-cj3bmIY.mp4', '1_aMYcLyh9OhU.mkv']  # cannot be decoded

dataset_type = 'HCSTVGDataset'
# Both spellings of the annotation folder occur; the first that exists is read.
train_ann_file = ['annos/hcstvg_v1/train.json', 'annos/train.json']
test_ann_file = ['annos/hcstvg_v1/test.json', 'annos/test.json']

resize = dict(type='ResizeClip', height=height, max_ratio=1.4, antialias=True, to_uint8=to_uint8)

train_pipeline = [
    dict(type='LoadVideoInfo', backend=video_backend),
    dict(type='SampleFramesByFPS', target_fps=train_fps, keep_event=True),
    dict(type='RandomTemporalCrop', prob=crop_prob),
    dict(type='DecodeFrames', backend=video_backend, resize=resize),
    dict(type='RandomFlipClip', prob=flip_prob, swap_words=True),
    dict(type='PackSTVGInputs'),
]
test_pipeline = [
    dict(type='LoadVideoInfo', backend=video_backend),
    dict(type='SampleFramesByFPS', target_fps=test_fps),
    dict(type='DecodeFrames', backend=video_backend, resize=resize),
    dict(type='PackSTVGInputs'),
]

train_dataloader = dict(
    batch_size=train_batch_size,
    num_workers=num_workers,
    persistent_workers=num_workers > 0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='pseudo_collate'),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=train_ann_file,
        data_prefix=dict(video=video_folder),
        exclude=exclude,
        on_broken_video=on_broken_video,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=test_batch_size,
    num_workers=num_workers,
    persistent_workers=num_workers > 0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='pseudo_collate'),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=test_ann_file,
        data_prefix=dict(video=video_folder),
        exclude=exclude,
        on_broken_video=on_broken_video,
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='STVGMetric', convention='published')
test_evaluator = val_evaluator

inference_cfg = dict(window=20.0)  # seconds: of the clips here; STVGInferencer cuts longer videos into such windows
