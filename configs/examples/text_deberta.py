# tools/dist_train.sh configs/examples/text_deberta.py 8
# DeBERTa reads the sentence; the projection behind it adapts to its width.
_base_ = '../cgstvg_hcstvg.py'
model = dict(text_encoder=dict(name_or_path='microsoft/deberta-base'))
