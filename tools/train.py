"""Train a model: python tools/train.py configs/cgstvg_toy.py."""

import argparse
from pathlib import Path

from mmengine.config import Config, DictAction
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from mmstvg.utils import close_env, setup_env
from mmstvg.utils.config import load_config
from mmstvg.utils.resume import find_checkpoint_to_resume

NEWEST = 'newest'


def parse_args() -> argparse.Namespace:
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(description='Train a model.')
    parser.add_argument('config', help='config file')
    parser.add_argument('--work-dir', help='folder for logs and checkpoints; by default work_dirs/<name of the config>')
    parser.add_argument(
        '--resume',
        nargs='?',
        const=NEWEST,
        metavar='CKPT',
        help='go on from this checkpoint, or from the newest of the work dir; without any there, start anew',
    )
    parser.add_argument('--amp', action='store_true', help='bfloat16 autocast')
    parser.add_argument('--auto-scale-lr', action='store_true', help='scale all learning rates by the total batch size')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='keys of the config to change, such as train_cfg.max_epochs=5; merged last',
    )
    parser.add_argument('--launcher', choices=('none', 'pytorch', 'slurm'), default='none')
    parser.add_argument('--local-rank', type=int, default=0, help=argparse.SUPPRESS)  # older launchers pass it
    return parser.parse_args()


def build_config(args: argparse.Namespace) -> Config:
    """The config with what the command line says."""
    cfg = load_config(args.config, args.cfg_options)
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or str(Path('work_dirs') / Path(args.config).stem)
    if args.amp:
        if cfg.optim_wrapper.get('type', 'OptimWrapper') != 'OptimWrapper':
            raise ValueError(f'--amp takes the place of OptimWrapper; this config has {cfg.optim_wrapper.type}.')
        cfg.optim_wrapper.type = 'AutocastOptimWrapper'
    if args.auto_scale_lr:
        if not cfg.get('auto_scale_lr'):
            raise ValueError('--auto-scale-lr needs auto_scale_lr = dict(base_batch_size=...) in the config.')
        cfg.auto_scale_lr.enable = True
    if args.resume is not None:
        path = find_checkpoint_to_resume(cfg.work_dir) if args.resume == NEWEST else args.resume
        if path is not None:
            cfg.resume, cfg.load_from = True, path
    return cfg


def main() -> None:
    """Train."""
    args = parse_args()
    cfg = build_config(args)
    setup_env(cfg, args.launcher)
    runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
    if args.resume == NEWEST and not cfg.resume:
        runner.logger.info(f'No checkpoint in {cfg.work_dir} to resume from; the training starts anew.')
    runner.train()
    del runner
    close_env()


if __name__ == '__main__':
    main()
