# tools/dist_train.sh configs/examples/text_bert.py 8
# BERT reads the sentence; the projection behind it adapts to its width.
_base_ = '../cgstvg_hcstvg.py'
model = dict(text_encoder=dict(name_or_path='bert-base-uncased'))
