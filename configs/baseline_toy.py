# python tools/train.py configs/baseline_toy.py
# The paper's baseline: no instance context, so no confidence.
_base_ = './cgstvg_toy.py'
model = dict(head=dict(context=None))
