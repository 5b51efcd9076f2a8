"""A web page on this machine: upload a video, type a sentence, get its tube.

    python demo/webui.py CHECKPOINT
    python demo/webui.py CONFIG CHECKPOINT --port 7860 --example VIDEO "the red circle moves up"

The page listens on localhost alone. Questions are answered one after the other; who waits sees the place in the queue.
Uploads and answers lie in a folder that only this user can read, under names that hold a hash of their content; they
are removed after `--keep-minutes` and when the server stops.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
from PIL import Image

from mmstvg.apis import STVGInferencer
from mmstvg.apis.prediction import frame_scores_of
from mmstvg.apis.prediction_pictures import make_scene
from mmstvg.apis.prediction_writer import file_stem
from mmstvg.datasets import VideoError, VideoReader, open_video
from mmstvg.visualization import TubeScene, TubeVisualizer, draw_timeline

# FFmpeg's names of what counts as a video. Pictures and playlists, which name other files, are left out.
CONTAINERS = 'mov,matroska,avi,mpegts,mpeg,flv,asf,ogg'
PROBLEMS = {
    'missing': 'The video is no longer on the server. Upload it again.',
    'empty': 'The file is empty (0 bytes). Choose another one.',
    'no_video': 'The file has no moving picture. Choose a video.',
    'undecodable': 'This is no video that can be read, or it is damaged. MP4, MKV, WebM and AVI work.',
    'truncated': 'The video breaks off before its end: the file is damaged or was not uploaded whole.',
}
WHOLE_SECONDS = 60  # longer videos are drawn around the event alone
AROUND_SECONDS = 5  # before and after it
HEADERS = ['start (s)', 'end (s)', 'frames', 'score', 'sentence']
MEGABYTE = 2**20  # as the page counts them
Tell = Callable[[float, str], None]


class Refusal(ValueError):
    """A question that is not answered; the text is for the person who asked it."""


@dataclass(frozen=True)
class Limits:
    """What one question may ask.

    Args:
        megabytes: Size of a video file.
        minutes: Length of a video.
        characters: Length of a sentence.
        pixels: Longer side of a video.
    """

    megabytes: float = 200
    minutes: float = 10
    characters: int = 500
    pixels: int = 4096


class Answerer:
    """What stands behind the page and does not know of it: checks a question and answers it with files.

    Args:
        inferencer: Finds tubes.
        limits: What a question may ask.
    """

    def __init__(self, inferencer: STVGInferencer, limits: Limits):
        self.inferencer = inferencer
        self.limits = limits
        self.visualizer = TubeVisualizer(max_width=1280, name='webui')

    def answer(
        self, path: str | None, text: str | None, folder: Path, tell: Tell, warn: Callable[[str], None]
    ) -> tuple[list, str, str, str]:
        """Answer a question.

        Args:
            path: The video.
            text: The sentence.
            folder: Where to write.
            tell: Gets the share of the work that is done, and what is being done.
            warn: Gets what the person should know about the answer.

        Returns:
            The row of the table (see `HEADERS`), and the paths of the annotated video, the timeline and the JSON file.

        Raises:
            Refusal: The question cannot be answered; says why.
        """
        self.check(path, text)
        try:
            result = self.inferencer(
                path,
                text,
                show_progress=False,
                on_progress=lambda done, total: tell(0.7 * done / total, 'looking'),
            )
            (prediction,) = result['predictions']
            with open_video(path, self.inferencer.backend) as video:
                if video.shortfall is not None:
                    warn(f'In this video {video.shortfall}. Only those were searched.')
                return self._write(prediction, video, folder, tell)
        except VideoError as error:
            raise Refusal(PROBLEMS.get(error.reason, PROBLEMS['undecodable'])) from error

    def check(self, path: str | None, text: str | None) -> None:
        """Refuse what cannot be answered, before any work is done."""
        limits = self.limits
        if not path:
            raise Refusal('Choose a video first.')
        if not text or not text.strip():
            raise Refusal('Write a sentence about what happens in the video, such as "the man in red sits down".')
        if len(text) > limits.characters:
            raise Refusal(f'The sentence has {len(text)} characters; at most {limits.characters} are read.')
        megabytes = os.path.getsize(path) / MEGABYTE if os.path.isfile(path) else 0
        if megabytes > limits.megabytes:
            raise Refusal(f'The file has {megabytes:.1f} MB; at most {limits.megabytes:g} are taken.')
        try:
            _check_container(path, limits.pixels)
            with open_video(path, self.inferencer.backend) as video:
                minutes = video.frame_count / video.fps / 60
        except VideoError as error:
            raise Refusal(PROBLEMS.get(error.reason, PROBLEMS['undecodable'])) from error
        if minutes > limits.minutes:
            raise Refusal(f'The video lasts {minutes:.1f} minutes; at most {limits.minutes:g} are searched here.')

    def _write(self, prediction: dict, video: VideoReader, folder: Path, tell: Tell) -> tuple[list, str, str, str]:
        stem, scene = str(folder / file_stem(prediction)), make_scene(prediction)
        first, end = shown_frames(scene)

        def images() -> Iterator:
            for done, image in enumerate(video.frames(range(first, end))):
                tell(0.7 + 0.3 * done / (end - first), 'drawing')
                yield image

        self.visualizer.write_video(f'{stem}.mp4', images(), scene, range(first, end))
        timeline = draw_timeline(scene, frame_scores_of(prediction), renderer=self.visualizer.renderer)
        Image.fromarray(timeline).save(f'{stem}.png')
        data = {**prediction, 'video_path': None}  # where it lies on the server is nobody's business
        Path(f'{stem}.json').write_text(json.dumps([data], ensure_ascii=False), encoding='utf-8')
        (start_time, end_time), (start, stop) = prediction['span_seconds'], prediction['span']
        times, score = [f'{start_time:.2f}', f'{end_time:.2f}'], f'{prediction["score"]:.2f}'
        row = [*times, f'{start}–{stop - 1}', score, prediction['text']]
        return row, f'{stem}.mp4', f'{stem}.png', f'{stem}.json'


def shown_frames(scene: TubeScene) -> tuple[int, int]:
    """Half open range of the frames in the annotated video: all, or those around the event of a long one."""
    if scene.frame_count <= WHOLE_SECONDS * scene.fps:
        return 0, scene.frame_count
    start, end = scene.pred_tube.span
    around = round(AROUND_SECONDS * scene.fps)
    return max(start - around, 0), min(end + around, scene.frame_count)


def _check_container(path: str, pixels: int) -> None:
    """Refuse other files than videos before FFmpeg follows what stands in them, and huge pictures before it decodes."""
    if not os.path.isfile(path):
        raise Refusal(PROBLEMS['missing'])
    if os.path.getsize(path) == 0:
        raise Refusal(PROBLEMS['empty'])
    try:
        with av.open(path, options={'format_whitelist': CONTAINERS, 'protocol_whitelist': 'file'}) as container:
            sides = [side for stream in container.streams.video for side in (stream.width, stream.height)]
    except (av.FFmpegError, UnicodeDecodeError) as error:
        raise Refusal(PROBLEMS['undecodable']) from error
    if max(sides, default=0) > pixels:
        raise Refusal(f'The picture has {max(sides)} pixels on a side; at most {pixels} are taken.')


def build_page(answerer: Answerer, examples: list[list[str]], keep_seconds: float):
    """The page, a `gradio.Blocks`; nothing is started yet.

    Args:
        answerer: Answers the questions.
        examples: Pairs of a video's path and a sentence.
        keep_seconds: After which uploads and answers are removed.
    """
    import gradio as gr

    hidden = gr.update(value=None, visible=False)

    def shown(value) -> dict:
        return gr.update(value=value, visible=True)

    def warn(message: str) -> None:
        gr.Warning(message, duration=None)

    def find(video: str | None, text: str | None, progress=gr.Progress()):  # noqa: B008 (gradio looks for it there)
        yield hidden, None, hidden, hidden  # an earlier answer goes
        # The page copies the files when it is given them, so the folder can go right after.
        with tempfile.TemporaryDirectory(prefix='mmstvg_answer_') as folder:
            try:
                row, mp4, png, data = answerer.answer(video, text, Path(folder), progress, warn)
            except Refusal as refusal:
                raise gr.Error(str(refusal), duration=None, print_exception=False) from refusal
            except Exception as error:
                traceback.print_exc()
                raise gr.Error('Something went wrong on the server; its log says what.', duration=None) from error
            yield shown([row]), mp4, shown(png), shown(data)

    frequency = max(min(keep_seconds / 4, 60), 1)
    with gr.Blocks(
        title='Spatio-temporal video grounding',
        analytics_enabled=False,
        delete_cache=(frequency, keep_seconds),
        fill_width=True,
    ) as page:
        limits = answerer.limits
        gr.Markdown(
            '# Spatio-temporal video grounding\n'
            'When and where does it happen? Choose a video and say what to find. '
            f'At most {limits.megabytes:g} MB and {limits.minutes:g} minutes; some formats are searched, but not '
            f'played here. Files are removed after {keep_seconds / 60:g} minutes.'
        )
        with gr.Row():
            with gr.Column():
                video = gr.Video(label='Video', sources=['upload'], elem_id='video', buttons=[])
                text = gr.Textbox(label='Sentence', elem_id='sentence')
                button = gr.Button('Find', variant='primary', elem_id='find')
                if examples:
                    gr.Examples(examples, [video, text], cache_examples=False)
            with gr.Column():
                unseen = dict(interactive=False, visible=False)
                table = gr.Dataframe(headers=HEADERS, label='Answer', wrap=True, elem_id='answer', buttons=[], **unseen)
                tube = gr.Video(label='Tube', interactive=False, elem_id='tube', buttons=['download'])
                timeline = gr.Image(show_label=False, elem_id='timeline', buttons=['download'], **unseen)
                data = gr.File(label='JSON', elem_id='json', **unseen)
        for event in (button.click, text.submit):
            event(
                find,
                [video, text],
                [table, tube, timeline, data],
                show_progress_on=tube,
                concurrency_id='find',
                concurrency_limit=1,
            )
    return page.queue(max_size=20)


def serve(page, port: int, max_megabytes: float, block: bool = True) -> str:
    """Start the server on localhost.

    Args:
        page: From `build_page`.
        port: Where it listens; 0 takes a free one.
        max_megabytes: Larger uploads are broken off.
        block: Whether to stay until it is stopped.

    Returns:
        The address.
    """
    import gradio as gr

    font = ['system-ui', 'sans-serif']  # gradio's own would be fetched from another server
    _, address, _ = page.launch(
        server_name='127.0.0.1',
        server_port=port or None,
        share=False,
        show_error=False,
        max_file_size=int(max_megabytes * MEGABYTE),
        run_history=False,
        footer_links=[],
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
        quiet=True,
        theme=gr.themes.Default(font=font, font_mono=['monospace']),
        prevent_thread_lock=True,
    )
    print(f'The page is at {address}', flush=True)
    if block:
        page.block_thread()
    return address


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('config', nargs='?', help='config; by default the one that the checkpoint carries')
    parser.add_argument('checkpoint', help='weights')
    parser.add_argument('--port', type=int, default=7860, help='(default: %(default)s; 0: a free one)')
    parser.add_argument('--device', help='such as cpu or cuda:0 (default: the first GPU where there is one)')
    parser.add_argument('--amp', action='store_true', help='bfloat16 autocast: faster where the hardware has it')
    parser.add_argument('--max-upload-mb', type=float, default=Limits.megabytes, help='(default: %(default)s)')
    parser.add_argument('--max-minutes', type=float, default=Limits.minutes, help='of a video (default: %(default)s)')
    parser.add_argument(
        '--keep-minutes', type=float, default=30, help='before files are removed (default: %(default)s)'
    )
    parser.add_argument(
        '--example', nargs=2, action='append', default=[], metavar=('VIDEO', 'SENTENCE'), help='to choose on the page'
    )
    return parser.parse_args()


def main() -> int:
    """Serve the page until it is stopped."""
    args = parse_args()
    for path, _ in args.example:
        if not os.path.isfile(path):
            print(f'webui.py: the example {path} does not exist.', file=sys.stderr)
            return 1
    try:
        inferencer = STVGInferencer(args.config, args.checkpoint, args.device, amp=args.amp)
    except (ValueError, KeyError, OSError) as error:
        print(f'webui.py: {error.args[0] if isinstance(error, KeyError) else error}', file=sys.stderr)
        return 1
    limits = Limits(megabytes=args.max_upload_mb, minutes=args.max_minutes)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix='mmstvg_page_') as folder:
        os.environ['GRADIO_TEMP_DIR'] = folder  # before gradio is imported
        page = build_page(Answerer(inferencer, limits), args.example, 60 * args.keep_minutes)
        serve(page, args.port, args.max_upload_mb)
    return 0


if __name__ == '__main__':
    sys.exit(main())
