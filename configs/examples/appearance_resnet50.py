# tools/dist_train.sh configs/examples/appearance_resnet50.py 8
# A smaller appearance network, from ImageNet weights.
_base_ = '../cgstvg_hcstvg.py'
model = dict(
    backbone=dict(
        depth=50,
        init_cfg=dict(type='Pretrained', checkpoint='https://download.pytorch.org/models/resnet50-0676ba61.pth'),
    )
)
