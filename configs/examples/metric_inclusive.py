# python tools/test.py configs/examples/metric_inclusive.py CKPT
# The convention of the HC-STVG challenge: both ends of a span count.
_base_ = '../cgstvg_hcstvg.py'
val_evaluator = dict(convention='inclusive')
test_evaluator = val_evaluator
