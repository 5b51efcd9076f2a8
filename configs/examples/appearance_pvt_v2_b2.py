# tools/dist_train.sh configs/examples/appearance_pvt_v2_b2.py 8
# PVTv2-B2 of MMDetection as appearance network.
_base_ = '../cgstvg_hcstvg.py'
model = dict(
    backbone=dict(
        _delete_=True,  # the inherited keys are those of ResNet
        type='mmdet.PyramidVisionTransformerV2',
        embed_dims=64,
        num_layers=(3, 4, 6, 3),
        out_indices=(3,),
        init_cfg=dict(checkpoint='https://github.com/whai362/PVT/releases/download/v2/pvt_v2_b2.pth'),
    )
)
