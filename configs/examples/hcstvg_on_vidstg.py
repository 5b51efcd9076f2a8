# python tools/test.py configs/examples/hcstvg_on_vidstg.py CKPT
# Across data sets: a model that was trained on HC-STVG 1, with its thresholds, answers VidSTG's test set.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/vidstg.py',
    '../_base_/models/cgstvg_r101_vidswint_roberta.py',
    '../_base_/schedules/hcstvg_90e.py',
]
