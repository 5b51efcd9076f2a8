# VidSTG: 44,808 declarative and 55,135 interrogative sentences on VidOR's videos.
# Used as a base: _base_ = ['../_base_/datasets/vidstg.py', ...]

# ---- often changed -------------------------------------------------------------------------------------------------
data_root = 'data/vidstg/'
train_batch_size = 1  # videos a GPU
test_batch_size = 1
num_workers = 4  # processes a GPU that read videos

# ---- sometimes changed ---------------------------------------------------------------------------------------------
video_folder = 'videos'  # one line to switch to transcoded copies
box_folder = 'bbox_annos'  # VidOR's files, flat or in VidOR's own folder tree; not needed with vstg_annos
cache_dir = 'index_cache'  # below data_root: the parsed annotation, made once; None parses at every start
video_backend = 'pyav'  # or 'decord'
on_broken_video = 'raise'  # or 'skip': left out of training, counted as a miss in evaluation
height = 420  # pixels; frames wider than 1.4:1 are squeezed
to_uint8 = False  # True: a quarter of the memory and faster, about one grey level off

# ---- the published recipe ------------------------------------------------------------------------------------------
train_frames = 64
test_frames = 128  # twice the density; the model runs on the even and the odd frames
flip_prob = 0.7
crop_prob = 0.5

dataset_type = 'VidSTGDataset'
# The merged file or the sentences; both give the same items. The first that exists is read.
train_ann_file = ['vstg_annos/train.json', 'sent_annos/train_annotations.json']
val_ann_file = ['vstg_annos/val.json', 'sent_annos/val_annotations.json']
test_ann_file = ['vstg_annos/test.json', 'sent_annos/test_annotations.json']

resize = dict(type='ResizeClip', height=height, max_ratio=1.4, antialias=False, to_uint8=to_uint8)

train_pipeline = [
    dict(type='LoadVideoInfo', backend=video_backend),
    dict(type='RandomTemporalCrop', prob=crop_prob),
    dict(type='SampleFramesUniform', num_frames=train_frames, keep_event=True),
    dict(type='DecodeFrames', backend=video_backend, resize=resize),
    dict(type='RandomFlipClip', prob=flip_prob, swap_words=True),
    dict(type='PackSTVGInputs'),
]
test_pipeline = [
    dict(type='LoadVideoInfo', backend=video_backend),
    dict(type='SampleFramesUniform', num_frames=test_frames),
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
        data_prefix=dict(video=video_folder, boxes=box_folder),
        cache_dir=cache_dir,
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
        ann_file=val_ann_file,
        data_prefix=dict(video=video_folder, boxes=box_folder),
        cache_dir=cache_dir,
        on_broken_video=on_broken_video,
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=test_batch_size,
    num_workers=num_workers,
    persistent_workers=num_workers > 0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='pseudo_collate'),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=test_ann_file,
        data_prefix=dict(video=video_folder, boxes=box_folder),
        cache_dir=cache_dir,
        on_broken_video=on_broken_video,
        test_mode=True,
        pipeline=test_pipeline,
    ),
)

val_evaluator = dict(type='STVGMetric', convention='published')
test_evaluator = val_evaluator

inference_cfg = dict(window=30.0)  # seconds: about a clip here; STVGInferencer cuts longer videos into such windows
