# What every training and test has: hooks, checkpoints, log, seeds, processes.
# -------- often changed --------
checkpoint_interval = 1  # epochs
checkpoint_iters = None  # iterations between two checkpoints inside an epoch; None for none
max_keep_ckpts = 2  # besides the best one
log_interval = 50  # iterations
num_drawn_tubes = 4  # items that a test run draws
seed = 2021  # of the first process; the others have the following numbers

# -------- seldom changed --------
ema_momentum = 0.0002  # share of the new weights in the average that is evaluated: a decay of 0.9998

default_scope = 'mmstvg'

# To leave one out: `default_hooks = dict(ema=None)`.
default_hooks = dict(
    step_seed=dict(type='StepSeedHook'),  # mmstvg/engine/hooks/
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=log_interval),
    param_scheduler=dict(type='ParamSchedulerHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    group_lr=dict(type='GroupLRHook'),
    finite_loss=dict(type='FiniteLossHook'),
    ema=dict(type='WeightAverageHook', momentum=ema_momentum),
    accumulation=dict(type='AccumulationHook'),
    stop_on_signal=dict(type='StopOnSignalHook'),
    checkpoint_keys=dict(type='CheckpointKeysHook'),
    checkpoint=dict(
        type='ResumableCheckpointHook',
        interval=checkpoint_interval,
        iter_interval=checkpoint_iters,
        max_keep_ckpts=max_keep_ckpts,
        save_best='m_vIoU',
    ),
    visualization=dict(type='TubeVisualizationHook', num_items=num_drawn_tubes),
)

log_processor = dict(type='LogProcessor', window_size=log_interval, by_epoch=True)
log_level = 'INFO'
visualizer = dict(type='TubeVisualizer', vis_backends=[dict(type='LocalVisBackend')])  # TensorboardVisBackend to watch

randomness = dict(seed=seed, diff_rank_seed=True)
env_cfg = dict(
    cudnn_benchmark=False,  # clips differ in size
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),  # gloo without CUDA, see mmstvg/utils/setup_env.py
)
# No branch of the model depends on data, so DDP needs no search for parameters without a gradient. MMEngine looks a
# wrapper up by its full name only.
model_wrapper_cfg = dict(
    type='mmstvg.StaticGraphDataParallel', static_graph=True, find_unused_parameters=False, broadcast_buffers=False
)

load_from = None  # a checkpoint to start from, say the output of tools/model_converters/init_from_mdetr.py
resume = False  # set by tools/train.py --resume
