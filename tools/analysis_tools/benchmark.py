"""Time and memory of a model's parts and of whole steps, as multiples of a plain ResNet-101 on the same frames.

    python tools/analysis_tools/benchmark.py configs/cgstvg_hcstvg.py --random-text --frames 32 --height 224 --width 224
    python tools/analysis_tools/benchmark.py configs/cgstvg_hcstvg.py --device cuda --dtype bfloat16 --compile
    python tools/analysis_tools/benchmark.py configs/cgstvg_hcstvg.py --loading 200

Weights, frames and tokens are random. The yardstick is the forward pass of ResNet-101 written plainly in PyTorch
(float32, BatchNorm in eval mode), measured in the same process in turn with everything else.
"""

import argparse
import json
import platform
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from torch import Tensor, nn
from tqdm import tqdm

from mmstvg.apis import init_model
from mmstvg.structures import STVGDataSample, Tube
from mmstvg.utils.atomic_file import write_text_atomically
from mmstvg.utils.config import load_config
from mmstvg.utils.keep_memory import keep_freed_memory
from mmstvg.utils.measure import bytes_kept_for_backward, device_reads, median_seconds, peak_bytes
from mmstvg.utils.random_text import use_random_text

PARTS = {
    'appearance': 'backbone',
    'motion': 'motion_backbone',
    'text': 'text_encoder',
    'encoder': 'encoder',
    'temporal decoder': 'head.temporal_decoder',
    'spatial decoder': 'head.spatial_decoder',
}
YARDSTICK = 'ResNet-101 (yardstick)'
INFERENCE, TRAINING = 'inference', 'training step'


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions and a residual."""

    def __init__(self, channels: int, width: int, stride: int):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride > 1 or channels != 4 * width:
            projection = nn.Conv2d(channels, 4 * width, 1, stride, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(4 * width))

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` to `(N, 4 width, H / stride, W / stride)`."""
        residual = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return self.relu(self.bn3(self.conv3(x)) + residual)


def plain_resnet101() -> nn.Sequential:
    """ResNet-101 without its classifier: `(N, 3, H, W)` to `(N, 2048, H / 32, W / 32)`."""
    layers = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for blocks, width, stride in ((3, 64, 1), (4, 128, 2), (23, 256, 2), (3, 512, 2)):
        for block in range(blocks):
            layers.append(Bottleneck(channels, width, stride if block == 0 else 1))
            channels = 4 * width
    return nn.Sequential(*layers)


def make_batch(args: argparse.Namespace, vocab_size: int) -> tuple[dict[str, Tensor], list[STVGDataSample]]:
    """Random normalised clips and sentences; the event is the middle half of each clip."""
    generator = torch.Generator().manual_seed(0)
    shape = (args.batch, args.frames, 3, args.height, args.width)
    inputs = {
        'video': torch.randn(shape, generator=generator),
        'frame_mask': torch.zeros(args.batch, args.frames, dtype=torch.bool),
        'pixel_mask': torch.zeros(args.batch, args.height, args.width, dtype=torch.bool),
    }
    span = (args.frames // 4, max(args.frames // 4 + 1, 3 * args.frames // 4))
    box = [args.width / 4, args.height / 4, 3 * args.width / 4, 3 * args.height / 4]
    samples = []
    for i in range(args.batch):
        sizes = dict(ori_shape=(args.height, args.width), img_shape=(args.height, args.width))
        sample = STVGDataSample(
            metainfo=dict(item_id=i, video_id=str(i), text='', frame_ids=np.arange(args.frames), **sizes)
        )
        sample.input_ids = torch.randint(3, vocab_size, (args.tokens,), generator=generator)
        sample.gt_tube = Tube(span, np.arange(*span), np.tile(box, (span[1] - span[0], 1)))
        samples.append(sample)
    return {name: x.to(args.device) for name, x in inputs.items()}, samples


def record_calls(model: nn.Module, run: Callable[[], None]) -> dict[str, list[tuple[nn.Module, tuple, dict]]]:
    """Each part of the model with the arguments of all calls in one run; some see a few frames at a time."""
    calls, hooks = {}, []
    for name, path in PARTS.items():
        module = model.get_submodule(path) if getattr(model, path.split('.')[0]) is not None else None
        if module is not None:

            def note(module: nn.Module, args: tuple, kwargs: dict, name: str = name) -> None:
                calls.setdefault(name, []).append((module, args, kwargs))

            hooks.append(module.register_forward_pre_hook(note, with_kwargs=True))
    run()
    for hook in hooks:
        hook.remove()
    return calls


class Works:
    """The works to measure on one model and one batch.

    Args:
        model: The grounder.
        args: Command line.
    """

    def __init__(self, model: nn.Module, args: argparse.Namespace):
        self.model = model
        self.args = args
        self.inputs, self.samples = make_batch(args, model.text_encoder.body.config.vocab_size)
        self.model.interleave = 1
        self.yardstick = plain_resnet101().to(args.device).eval()
        self.calls = record_calls(model, self.inference)

    def all(self) -> dict[str, Callable[[], None]]:
        """Name to work, the yardstick first."""
        parts = {name: lambda name=name: self.part(name) for name in PARTS if name in self.calls}
        return {YARDSTICK: self.plain, **parts, INFERENCE: self.inference, TRAINING: self.training_step}

    def plain(self) -> None:
        """The yardstick."""
        with torch.no_grad():
            self.yardstick(self.inputs['video'].flatten(0, 1))

    def part(self, name: str) -> None:
        """A part on its own, as in inference."""
        self.model.eval()
        with torch.no_grad(), self._autocast():
            for module, args, kwargs in self.calls[name]:
                module(*args, **kwargs)

    def inference(self) -> None:
        """From frames and tokens to tubes."""
        self.model.eval()
        with torch.no_grad(), self._autocast():
            self.model(self.inputs, self.samples, mode='predict')

    def loss(self) -> Tensor:
        """The forward pass of training."""
        self.model.train(not self.args.no_dropout)
        with self._autocast():
            losses = self.model(self.inputs, self.samples, mode='loss')
        return self.model.parse_losses(losses)[0]

    def training_step(self) -> None:
        """Forward, losses, backward; no optimizer. The gradients are freed, so that the peak of memory has them."""
        self.loss().backward()
        self.model.zero_grad()

    def _autocast(self) -> AbstractContextManager:
        if self.args.dtype == 'float32':
            return nullcontext()
        return torch.autocast(self.args.device.type, dtype=getattr(torch, self.args.dtype))


def measure(model: nn.Module, args: argparse.Namespace) -> dict:
    """Everything about one model."""
    works = Works(model, args)
    seconds = median_seconds(works.all(), args.repeat, args.device)
    rows = {
        name: {
            'seconds': seconds[name],
            'ratio': seconds[name] / seconds[YARDSTICK],
            'peak_bytes': peak_bytes(work, args.device),
        }
        for name, work in tqdm(works.all().items(), desc='Memory', leave=False)
    }
    places = device_reads(works.training_step, args.device)
    own = [*model.parameters(), *model.buffers()]
    result = {
        'works': rows,
        'bytes_kept_for_backward': bytes_kept_for_backward(works.loss, own),
        'device_reads': sum(places.values()),
        'device_read_places': dict(places.most_common()),
    }
    if args.compile:
        counters = torch._dynamo.utils.counters
        result['graphs'] = counters['stats']['unique_graphs']
        result['graph_breaks'] = dict(counters['graph_break'])
    return result


def measure_loading(cfg: Config, num_items: int) -> dict:
    """Items a second of the training data loader, after its workers have started."""
    init_default_scope(cfg.get('default_scope', 'mmstvg'))
    loader = Runner.build_dataloader(cfg.train_dataloader, seed=0)
    workers = max(1, loader.num_workers)
    items, start = 0, None
    batches = iter(loader)
    for number, batch in enumerate(tqdm(batches, desc='Loading', total=len(loader), leave=False)):
        if start is not None:
            items += len(batch['inputs'])
        elif number + 1 >= workers or number + 2 == len(loader):  # every worker is at work by then
            start = time.perf_counter()
        if items >= num_items:
            break
    if not items:
        raise ValueError(f'The training data has {len(loader)} batches, too few to measure with {workers} workers.')
    rate = items / (time.perf_counter() - start)
    return {
        'items': items,
        'workers': loader.num_workers,
        'items_per_second': rate,
        'items_per_second_and_worker': rate / workers,
    }


def table(result: dict) -> str:
    """The result as text."""
    lines = []
    if 'works' in result:
        lines.append(f'{"":24}{"seconds":>10}{"multiple":>10}{"peak memory":>14}')
        for name, row in result['works'].items():
            peak = '-' if row['peak_bytes'] is None else f'{row["peak_bytes"] / 1e6:,.0f} MB'
            lines.append(f'{name:24}{row["seconds"]:10.4f}{row["ratio"]:10.2f}{peak:>14}')
        lines.append(f'kept for the backward pass: {result["bytes_kept_for_backward"] / 1e6:,.1f} MB')
        lines.append(f'device reads in a training step: {result["device_reads"]}')
        lines += [f'    {count} at {place}' for place, count in result['device_read_places'].items()]
    if 'graphs' in result:
        lines.append(f'compiled graphs: {result["graphs"]}, breaks: {sum(result["graph_breaks"].values())}')
        lines += [f'    {count} by {reason}' for reason, count in result['graph_breaks'].items()]
    if 'loading' in result:
        loading = result['loading']
        lines.append(
            f'loading: {loading["items_per_second"]:.2f} items a second, {loading["items_per_second_and_worker"]:.2f} '
            f'for each of {loading["workers"]} workers ({loading["items"]} items)'
        )
    return '\n'.join(lines)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', type=Path)
    parser.add_argument('--frames', type=int, default=32, help='of each clip (default: %(default)s)')
    parser.add_argument('--height', type=int, default=224, help='pixels (default: %(default)s)')
    parser.add_argument('--width', type=int, default=224, help='pixels (default: %(default)s)')
    parser.add_argument('--tokens', type=int, default=15, help='of each sentence (default: %(default)s)')
    parser.add_argument('--batch', type=int, default=1, help='clips (default: %(default)s)')
    parser.add_argument('--repeat', type=int, default=5, help='rounds; the median counts (default: %(default)s)')
    parser.add_argument('--device', type=torch.device, help='default: cuda where there is one, else cpu')
    parser.add_argument('--dtype', choices=('float32', 'bfloat16', 'float16'), default='float32', help='of autocast')
    parser.add_argument('--compile', action='store_true', help='with model.compile_cfg')
    parser.add_argument('--no-dropout', action='store_true', help='train in eval mode, as in the recorded cases')
    parser.add_argument('--threads', type=int, help='of the CPU')
    parser.add_argument(
        '--random-text', action='store_true', help="a random text encoder of RoBERTa-base's size, no files needed"
    )
    parser.add_argument(
        '--loading', type=int, metavar='ITEMS', help='measure the loading of so many training items, and not the model'
    )
    parser.add_argument('--out', type=Path, help='write the result here as JSON')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE', help='merged last')
    args = parser.parse_args(argv)
    for name in ('frames', 'height', 'width', 'tokens', 'batch', 'repeat', 'threads', 'loading'):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            parser.error(f'--{name} must be positive, got {getattr(args, name)}')
    args.device = args.device or torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    return args


def main() -> None:
    """Measure and print."""
    args = parse_args()
    if args.threads is not None:
        torch.set_num_threads(args.threads)
    cfg = load_config(args.config, args.cfg_options)
    if args.random_text:
        use_random_text(cfg)
    if args.compile:
        cfg.model.compile_cfg = cfg.model.get('compile_cfg') or {}
    on_cuda = args.device.type == 'cuda'
    if not on_cuda:
        keep_freed_memory()  # as tools/train.py does; the yardstick gains, too
    result = {
        'config': str(args.config),
        'device': torch.cuda.get_device_name(args.device) if on_cuda else platform.machine(),
        'threads': torch.get_num_threads(),
        'torch': torch.__version__,
    }
    if args.loading is not None:
        result['loading'] = measure_loading(cfg, args.loading)
    else:
        size = ('frames', 'height', 'width', 'tokens', 'batch', 'repeat', 'dtype', 'compile', 'no_dropout')
        result.update({name: getattr(args, name) for name in size})
        result.update(measure(init_model(cfg, device=args.device), args))
    print(table(result))
    if args.out is not None:
        write_text_atomically(args.out, json.dumps(result, indent=2))


if __name__ == '__main__':
    main()
