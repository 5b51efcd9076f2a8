"""Find what sentences describe in a video: span, boxes, an annotated copy. No ground truth is needed.

python demo/ground_video.py VIDEO "a woman in red walks to the door" CHECKPOINT
python demo/ground_video.py VIDEO "a woman sits down" "a dog barks" CONFIG CHECKPOINT --out out
"""

import argparse
import sys
import warnings
from pathlib import Path

from mmengine.config import DictAction
from tqdm import tqdm

from mmstvg.apis import PredictionWriter, STVGInferencer
from mmstvg.apis.attention_maps import check_stage

MAX_SHOWN = 70  # characters of a sentence


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.split('\n')[0],
        usage='%(prog)s VIDEO SENTENCE [SENTENCE ...] [CONFIG] CHECKPOINT [options]',
    )
    parser.add_argument('video', metavar='VIDEO', help='video file, of any length')
    parser.add_argument('texts', metavar='SENTENCE', nargs='+', help='what to find, each in quotes')
    parser.add_argument(
        'checkpoint', metavar='CHECKPOINT', help='weights, after a config (.py) where they do not carry one'
    )
    parser.add_argument(
        '--out', default='out', type=Path, help='folder to write into or to add to (default: %(default)s)'
    )
    parser.add_argument('--no-mp4', action='store_true', help='write no annotated video')
    parser.add_argument('--gif', action='store_true', help='write a gif of the event, too')
    parser.add_argument(
        '--attention', type=int, metavar='STAGE', help='show where this stage of the decoder looks: 0, 1, …; -1: last'
    )
    parser.add_argument('--window', type=float, metavar='SECONDS', help='of the windows that long videos are cut into')
    parser.add_argument('--batch-size', type=int, default=1, help='windows that the model sees at once (default: 1)')
    parser.add_argument('--device', help='such as cpu or cuda:0 (default: the first GPU where there is one)')
    parser.add_argument('--amp', action='store_true', help='bfloat16 autocast: faster where the hardware has it')
    parser.add_argument('--backend', choices=('pyav', 'decord'), default='pyav', help='decoder of videos')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE', help='keys of the config to change'
    )
    args = parser.parse_args()
    args.config = args.texts.pop() if len(args.texts) > 1 and args.texts[-1].endswith('.py') else None
    return args


def describe(prediction: dict) -> str:
    """One answer in words."""
    (start, end), (first, last) = prediction['span_seconds'], prediction['span']
    text = prediction['text']
    shown = text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + '…'
    return f'"{shown}"\n    {start:.2f} to {end:.2f} s (frames {first} to {last - 1}), score {prediction["score"]:.2f}'


def run(args: argparse.Namespace) -> None:
    """Find, print, write."""
    inferencer = STVGInferencer(
        args.config,
        args.checkpoint,
        args.device,
        cfg_options=args.cfg_options,
        window=args.window,
        backend=args.backend,
        amp=args.amp,
    )
    writer = PredictionWriter(
        args.out, mp4=not args.no_mp4, gif=args.gif, backend=args.backend, show_progress=sys.stderr.isatty()
    )
    if args.attention is not None:
        check_stage(inferencer.model, args.attention)  # before the search, which may be long
    predictions = inferencer(args.video, args.texts, args.batch_size)['predictions']
    for prediction in predictions:
        print(describe(prediction))
        paths = list(writer.write(prediction).values())
        if args.attention is not None:
            paths.append(writer.write_attention(prediction, inferencer.attention(prediction, args.attention)))
        print('    ' + '  '.join(map(str, paths)))
    print(writer.write_json(predictions))


def main() -> int:
    """Run; a wrong file or argument is answered in one line."""
    args = parse_args()
    warnings.showwarning = lambda message, *_: tqdm.write(f'Warning: {message}', file=sys.stderr)
    try:
        run(args)
    except (ValueError, KeyError, OSError, ImportError) as error:
        message = error.args[0] if isinstance(error, KeyError) else error
        print(f'{Path(sys.argv[0]).name}: {message}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
