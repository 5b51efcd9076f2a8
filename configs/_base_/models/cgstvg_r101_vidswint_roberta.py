# CG-STVG as published: ResNet-101, frozen Video Swin-T, RoBERTa-base, six stages. HC-STVG's thresholds and weights.

# -------- often changed --------
text_encoder_path = 'roberta-base'  # folder in Hugging Face format, or a name on the hub
interleave = 2  # clips that a test video is split into

# -------- seldom changed --------
embed_dims = 256
num_heads = 8
hidden_dims = 2048
num_stages = 6
dropout = 0.1

model = dict(
    type='CGSTVG',  # mmstvg/models/grounders/cgstvg.py
    data_preprocessor=dict(
        type='STVGDataPreprocessor',  # mmstvg/models/data_preprocessor.py
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
    ),
    backbone=dict(
        type='mmdet.ResNet',  # stem and stage 1 frozen, all BatchNorm frozen
        depth=101,
        num_stages=4,
        out_indices=(3,),
        frozen_stages=1,
        norm_cfg=dict(type='FrozenBatchNorm2d'),  # folded into the convolutions: mmstvg/models/layers/folded_conv.py
        norm_eval=True,
        zero_init_residual=False,  # a frozen norm would keep its zeros where training starts at random
        style='pytorch',
    ),
    motion_backbone=dict(
        type='VideoSwinTransformer',  # mmstvg/models/backbones/video_swin.py
        embed_dims=96,
        depths=(2, 2, 6, 2),
        num_heads=(3, 6, 12, 24),
        window=(8, 7, 7),
        frozen=True,
        drop_path_rate=0.0,  # the reference leaves 0.2 active inside the frozen network
    ),
    motion_cache=None,  # a folder: evaluations after the first read there what the motion network saw
    text_encoder=dict(
        type='HFTextEncoder',  # mmstvg/models/text_encoders/hf_text_encoder.py
        name_or_path=text_encoder_path,
        embed_dims=embed_dims,
        dropout=dropout,
    ),
    encoder=dict(
        type='MultimodalEncoder',  # mmstvg/models/encoders/multimodal_encoder.py
        embed_dims=embed_dims,
        num_layers=6,
        num_heads=num_heads,
        hidden_dims=hidden_dims,
        dropout=dropout,
        with_cp=True,  # recomputed in the backward pass: half of the memory of a step, the same numbers
        cp_min_tokens=256,  # not for frames below about 300x400 pixels, where it saves little
    ),
    head=dict(
        type='STVGHead',  # mmstvg/models/heads/stvg_head.py
        embed_dims=embed_dims,
        dropout=0.3,
        temporal_decoder=dict(
            type='TemporalDecoder',  # mmstvg/models/decoders/temporal_decoder.py
            embed_dims=embed_dims,
            num_layers=num_stages,
            num_heads=num_heads,
            hidden_dims=hidden_dims,
            dropout=dropout,
        ),
        spatial_decoder=dict(
            type='SpatialDecoder',  # mmstvg/models/decoders/spatial_decoder.py
            embed_dims=embed_dims,
            num_layers=num_stages,
            num_heads=num_heads,
            hidden_dims=hidden_dims,
            dropout=dropout,
        ),
        context=dict(  # None gives the baseline
            type='InstanceContext',  # mmstvg/models/context/instance_context.py
            generator=dict(type='ContextGenerator', embed_dims=embed_dims),  # ICG
            refiner=dict(  # ICR
                type='ContextRefiner',  # mmstvg/models/context/context_refiner.py
                embed_dims=embed_dims,
                theta_t=0.5,
                theta_s=0.8,
                theta_gt=0.8,
                dropout=0.3,
            ),
        ),
        loss_bbox=dict(type='BoxL1Loss', weight=5.0),
        loss_giou=dict(type='BoxGIoULoss', weight=4.0),
        loss_span=dict(type='SpanLoss', weight=10.0, sigma=2.0),
        loss_actioness=dict(type='ActionessLoss', weight=2.0, outside_weight=0.3),
        loss_conf=dict(type='ConfidenceLoss', weight=1.0, kind='bce'),
    ),
    recompute_frames=None,  # 8: the appearance network is recomputed, too, so many frames at a time
    channels_last=False,  # True is faster on GPUs with tensor cores; sums then round differently
    test_cfg=dict(interleave=interleave),
)
