# tools/dist_train.sh configs/examples/own_data.py 8
# The same model on other videos, annotated in the format of HC-STVG. Each video says its own frame rate.
_base_ = '../cgstvg_hcstvg.py'
own = dict(data_root='data/own/', data_prefix=dict(video='videos'), duration=None)
train_dataloader = dict(dataset=dict(ann_file='train.json', **own))
val_dataloader = dict(dataset=dict(ann_file='test.json', **own))
test_dataloader = val_dataloader
