# tools/dist_train.sh configs/examples/width_128.py 8
# Half the width. All parts behind the three networks share one.
_base_ = '../cgstvg_hcstvg.py'
width = dict(embed_dims=128)
model = dict(
    text_encoder=width,
    encoder=dict(hidden_dims=1024, **width),
    head=dict(
        temporal_decoder=dict(hidden_dims=1024, **width),
        spatial_decoder=dict(hidden_dims=1024, **width),
        context=dict(generator=width, refiner=width),
        **width,
    ),
)
