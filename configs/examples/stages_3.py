# tools/dist_train.sh configs/examples/stages_3.py 8
# Three stages instead of six; both stacks of the decoder have the same number.
_base_ = '../cgstvg_hcstvg.py'
model = dict(head=dict(temporal_decoder=dict(num_layers=3), spatial_decoder=dict(num_layers=3)))
