# tools/dist_train.sh configs/examples/encoder_3_layers.py 8
# Half the depth of the multimodal encoder.
_base_ = '../cgstvg_hcstvg.py'
model = dict(encoder=dict(num_layers=3))
