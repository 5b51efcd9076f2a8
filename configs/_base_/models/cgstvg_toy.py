# CG-STVG in small, from random weights, for the toy data set on a CPU: stride 16, 3 stages, words as tokens.

# -------- often changed --------
interleave = 2  # clips that a test video is split into

# -------- seldom changed --------
embed_dims = 96
num_heads = 4
hidden_dims = 256
num_stages = 3
dropout = 0.0
# fmt: off
vocabulary = ('the', 'red', 'green', 'blue', 'circle', 'square', 'triangle', 'moves', 'to', 'left', 'right', 'up', 'down')  # noqa: E501
# fmt: on

model = dict(
    type='CGSTVG',  # mmstvg/models/grounders/cgstvg.py
    data_preprocessor=dict(type='STVGDataPreprocessor'),  # mmstvg/models/data_preprocessor.py
    channels_last=True,  # faster on CPUs, too
    backbone=dict(
        type='mmdet.ResNet',
        depth=18,
        base_channels=16,
        stem_channels=16,
        num_stages=3,
        strides=(1, 2, 2),
        dilations=(1, 1, 1),
        out_indices=(2,),
        frozen_stages=-1,
        norm_cfg=dict(type='GN', num_groups=4),
        style='pytorch',
    ),
    motion_backbone=dict(
        type='VideoSwinTransformer',  # mmstvg/models/backbones/video_swin.py
        embed_dims=16,
        depths=(0, 1, 1),
        num_heads=(1, 2, 4),
        window=(4, 4, 4),
        frozen=False,
    ),
    text_encoder=dict(
        type='HFTextEncoder',  # mmstvg/models/text_encoders/hf_text_encoder.py
        config=dict(
            model_type='roberta',
            vocab_size=4 + len(vocabulary),
            hidden_size=128,
            num_hidden_layers=1,
            num_attention_heads=4,
            intermediate_size=256,
            max_position_embeddings=34,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout,
            type_vocab_size=1,
            pad_token_id=1,
            bos_token_id=0,
            eos_token_id=2,
        ),
        vocabulary=vocabulary,
        embed_dims=embed_dims,
        dropout=dropout,
    ),
    encoder=dict(
        type='MultimodalEncoder',  # mmstvg/models/encoders/multimodal_encoder.py
        embed_dims=embed_dims,
        num_layers=2,
        num_heads=num_heads,
        hidden_dims=hidden_dims,
        dropout=dropout,
        early_fusion=True,  # for random weights; not in the published system
    ),
    head=dict(
        type='STVGHead',  # mmstvg/models/heads/stvg_head.py
        embed_dims=embed_dims,
        dropout=dropout,
        temporal_decoder=dict(
            type='TemporalDecoder',  # mmstvg/models/decoders/temporal_decoder.py
            embed_dims=embed_dims,
            num_layers=num_stages,
            num_heads=num_heads,
            hidden_dims=hidden_dims,
            dropout=dropout,
            start_std=1.0,  # for random weights, too
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
                theta_gt=0.5,
                dropout=dropout,
            ),
        ),
        loss_bbox=dict(type='BoxL1Loss', weight=5.0),
        loss_giou=dict(type='BoxGIoULoss', weight=4.0),
        loss_span=dict(type='SpanLoss', weight=4.0, sigma=1.0),
        loss_actioness=dict(type='ActionessLoss', weight=2.0, outside_weight=0.3),
        loss_conf=dict(type='ConfidenceLoss', weight=1.0, kind='bce'),
        loss_map=dict(type='MapLoss', weight=5.0),  # for random weights, too
        loss_foreign=dict(type='ForeignTextLoss', weight=1.0),  # of foreign_text of the data set
    ),
    test_cfg=dict(interleave=interleave),
)
