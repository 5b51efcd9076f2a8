# tools/dist_train.sh configs/examples/appearance_swin_t.py 8
# Swin-T of MMDetection as appearance network. Its last map has stride 32, as that of the motion network.
_base_ = '../cgstvg_hcstvg.py'
model = dict(
    backbone=dict(
        _delete_=True,  # the inherited keys are those of ResNet
        type='mmdet.SwinTransformer',
        out_indices=(3,),
        convert_weights=True,  # the file has the names of Swin's authors
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://github.com/SwinTransformer/storage/releases/download/v1.0.0/swin_tiny_patch4_window7_224.pth',
        ),
    )
)
