"""Test a model: python tools/test.py configs/cgstvg_toy.py work_dirs/cgstvg_toy/epoch_10.pth."""

import argparse
from pathlib import Path

from mmengine.config import Config, DictAction
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from mmstvg.utils import close_env, setup_env
from mmstvg.utils.config import load_config
from mmstvg.utils.shuffle_texts import shuffle_texts


def parse_args() -> argparse.Namespace:
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(description='Test a model.')
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--work-dir', help='folder for the log; by default work_dirs/<name of the config>')
    parser.add_argument('--out', metavar='FILE.json', help='write the predictions here')
    parser.add_argument('--show-dir', help='write pictures and videos of some predictions here')
    parser.add_argument(
        '--shuffle-text',
        type=int,
        metavar='SEED',
        help='exchange the sentences of the items: a model that reads them falls far below its score',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='keys of the config to change, such as model.test_cfg.interleave=1; merged last',
    )
    parser.add_argument('--launcher', choices=('none', 'pytorch', 'slurm'), default='none')
    parser.add_argument('--local-rank', type=int, default=0, help=argparse.SUPPRESS)  # older launchers pass it
    return parser.parse_args()


def build_config(args: argparse.Namespace) -> Config:
    """The config with what the command line says."""
    cfg = load_config(args.config, args.cfg_options)
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or str(Path('work_dirs') / Path(args.config).stem)
    cfg.load_from, cfg.resume = args.checkpoint, False
    if args.out is not None:
        if not args.out.endswith('.json'):
            raise ValueError(f'--out writes JSON, so its name must end in .json, got {args.out}.')
        _write_predictions(cfg, args.out)
    if args.show_dir is not None:
        options = cfg.default_hooks.get('visualization', dict(type='TubeVisualizationHook'))
        cfg.default_hooks.visualization = dict(options, out_dir=str(Path(args.show_dir).absolute()))
    return cfg


def _write_predictions(cfg: Config, out: str) -> None:
    """Set `out_file` of the one STVGMetric."""
    metrics = cfg.test_evaluator if isinstance(cfg.test_evaluator, list) else [cfg.test_evaluator]
    writers = [metric for metric in metrics if metric.type == 'STVGMetric']
    if len(writers) != 1:
        raise ValueError(f'--out needs one STVGMetric in test_evaluator, got {len(writers)}.')
    writers[0].out_file = out


def main() -> None:
    """Test."""
    args = parse_args()
    cfg = build_config(args)
    setup_env(cfg, args.launcher)
    runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
    if args.shuffle_text is not None:
        shuffle_texts(runner.test_dataloader.dataset, args.shuffle_text)
        runner.logger.info("The items have each other's sentences: the scores show what the model does without them.")
    runner.test()
    del runner
    close_env()


if __name__ == '__main__':
    main()
