# tools/dist_train.sh configs/examples/text_clip.py 8
# The text tower of CLIP reads the sentence: 77 tokens at most, each sees those before it.
_base_ = '../cgstvg_hcstvg.py'
model = dict(text_encoder=dict(name_or_path='openai/clip-vit-base-patch32'))
