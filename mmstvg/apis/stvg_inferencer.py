"""From videos and sentences to tubes, without a data set."""

import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from tqdm import tqdm

from mmstvg.datasets import LoadVideoInfo, VideoReader, open_video
from mmstvg.datasets.array_reader import ArrayReader
from mmstvg.models.grounders import BaseGrounder
from mmstvg.registry import DATASETS, TRANSFORMS
from mmstvg.utils.checkpoint_config import config_of_checkpoint
from mmstvg.utils.safe_checkpoint import read_checkpoint
from mmstvg.visualization import TubeVisualizer

from .attention_maps import attention_maps
from .init_model import init_model
from .prediction import make_prediction, open_video_of
from .prediction_pictures import draw_pictures
from .prediction_writer import PredictionWriter
from .video_queries import Video, VideoQuery, parse_queries
from .window_search import (
    ClipAnswer,
    Range,
    center_window,
    choose,
    join_cut_event,
    plan_second_look,
    plan_windows,
    scores_over_video,
)

DEFAULT_WINDOW = 20.0  # seconds, where a config says none


@dataclass(eq=False)
class _OpenVideo:
    """A query while it is worked on."""

    query: VideoQuery
    reader: VideoReader
    info: dict  # what the transforms get
    clips: list[Range]
    answers: list[list[ClipAnswer]] = field(default_factory=list)  # a list a clip, with an answer a sentence

    @property
    def segment(self) -> Range:
        return self.info['segment']


class _Progress:
    """Counts clips, in a bar and for a caller."""

    def __init__(self, show: bool, on_progress: Callable[[int, int], None] | None):
        self._bar = tqdm(desc='looking', unit='clip', total=0, disable=not show)
        self._tell = on_progress or (lambda done, total: None)
        self._count = [0, 0]

    def __enter__(self) -> '_Progress':
        return self

    def __exit__(self, *exc_info):
        self._bar.close()

    def plan(self, clips: int) -> None:
        self._bar.total += clips
        self._add(0, clips)

    def done(self, clips: int) -> None:
        self._bar.update(clips)
        self._add(clips, 0)

    def _add(self, done: int, total: int) -> None:
        self._count = [self._count[0] + done, self._count[1] + total]
        self._tell(*self._count)


class STVGInferencer:
    """Finds what sentences describe in videos of any length, with the test pipeline of the model's config.

    The frames that are sampled, their size and the merging of even and odd frames are those of `tools/test.py`, so an
    item of a data set gets the same tube. Only the frames that the model sees are decoded, one clip is in memory at a
    time, and the frames of a clip are seen once for all sentences. Videos longer than the clips of training are
    searched in windows, see `mmstvg.apis.window_search` for the rule. An MP4 file that is cut short is searched as far
    as it goes, with a warning.

        inferencer = STVGInferencer(weights='work_dirs/cgstvg_toy/epoch_10.pth')
        result = inferencer('video.mp4', 'the red circle moves up', out_dir='out')
        result['predictions'][0]['span_seconds']

    Args:
        model: Path of a config, a loaded config, or a model from `init_model`. None takes the config that the weights
            carry, which those of `tools/train.py` do.
        weights: Checkpoint. None keeps the weights of a given model; those of a config are random then, for tests.
        device: Where to compute; the first CUDA device by default, the CPU where there is none.
        cfg_options: Values by dotted key that replace those of the config.
        window: Seconds of a window for long videos; by default `inference_cfg.window` of the config, or 20.
        clip_boxes: Cut boxes to the frame. `tools/test.py` leaves them as the model answers, which may be beyond it.
        backend: Decoder of videos, `'pyav'` or `'decord'`.
        amp: Whether the model runs under bfloat16 autocast: less time and memory where the hardware has it, and
            rounded answers.

    Raises:
        FileNotFoundError: There is no such config or checkpoint.
        KeyError: The weights are not those of the model.
        ValueError: Weights without a config, a config without a test pipeline, or a window that is not positive.
    """

    def __init__(
        self,
        model: str | Path | Config | BaseGrounder | None = None,
        weights: str | Path | None = None,
        device: str | torch.device | None = None,
        cfg_options: dict | None = None,
        window: float | None = None,
        clip_boxes: bool = True,
        backend: str = 'pyav',
        amp: bool = False,
    ):
        self.model = _load_model(model, weights, device, cfg_options)
        cfg = self.model.cfg
        dataset = cfg.get('test_dataloader', {}).get('dataset', {})
        if 'pipeline' not in dataset:
            raise ValueError('The config has no test_dataloader.dataset.pipeline, which says how to sample frames.')
        self.pipeline = Compose([TRANSFORMS.build(step) for step in dataset.pipeline])
        self.unused_frames = DATASETS.get(dataset.type).unused_frames
        self.window = cfg.get('inference_cfg', {}).get('window', DEFAULT_WINDOW) if window is None else window
        if not self.window > 0:
            raise ValueError(f'window must be a positive number of seconds, got {self.window}.')
        self.clip_boxes = clip_boxes
        self.backend = backend
        self.amp = amp
        self.visualizer = TubeVisualizer(name='stvg_inferencer')

    @torch.no_grad()
    def __call__(
        self,
        inputs: Video | Sequence[Video],
        texts: str | Sequence[str | Sequence[str]] | None = None,
        batch_size: int = 1,
        out_dir: str | Path = '',
        return_vis: bool = False,
        show_progress: bool = True,
        fps: float | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> dict:
        """Find what the sentences describe.

        Args:
            inputs: A video or a list of videos. A video is a path, frames (RGB uint8 `(T, H, W, 3)` or a list of
                `(H, W, 3)`), or an item of a data set (what `get_data_info` gives), which is taken in one clip whatever
                its length.
            texts: One sentence for all videos, one each, or a list of several for one video; a list of lists for
                several each. None takes the items' own.
            batch_size: Clips that the model sees at once.
            out_dir: Where to write, see `PredictionWriter`; nothing is written without.
            return_vis: Whether to return pictures, too.
            show_progress: Whether to show a progress bar.
            fps: Frames a second of frames given as arrays.
            on_progress: Called with the number of clips done and the number known to be needed so far.

        Returns:
            `predictions`, one dictionary a video and sentence in the order given, plain data for JSON:

            * `span`: half open range of frames, from 0, and `span_seconds`, the same over `fps`.
            * `boxes`: frame to `[x1, y1, x2, y2]` in pixels of the original frame, for every frame of the answering
              clip, so beyond the span, too. `Tube.from_dict(prediction)` interpolates, draws, compares.
            * `score`: the mean over the sampled frames of the span of the probability that the frame shows the event
              times the confidence in its box. In [0, 1], higher is surer; it ranks answers, it is no probability of
              being right.
            * `frames`: lists by sampled frame, in [0, 1]: `frame_ids`, `start` and `end` (probability that the event
              starts or ends there; 0 outside the answering clip), `actioness` (that the frame shows the event),
              `confidence` (in the box; None where the model has no refiner).
            * `item_id`, `video_id`, `video_path` (None for arrays), `text`, `fps`, `frame_count`, `size` (`[height,
              width]`), `clips` (ranges of frames that the model ran on), `clip` (the answering one).

            `visualization`, with `return_vis` a dictionary each with the pictures `sheet` (frames with boxes) and
            `timeline` (the scores over time), RGB uint8 arrays; else empty.

        Raises:
            VideoError: A video is missing, empty, broken, or no video; names it.
            ValueError: An empty sentence, numbers that do not fit, frames of another kind or without `fps`.
        """
        queries = parse_queries(inputs, texts)
        if batch_size < 1:
            raise ValueError(f'batch_size must be at least 1, got {batch_size}.')
        writer = PredictionWriter(out_dir, visualizer=self.visualizer) if out_dir else None
        result: dict[str, list] = {'predictions': [], 'visualization': []}
        with _Progress(show_progress, on_progress) as progress:
            for first in range(0, len(queries), batch_size):
                with ExitStack() as stack:
                    videos = [self._open(query, fps, stack) for query in queries[first : first + batch_size]]
                    self._look(videos, batch_size, progress)
                    for video in videos:
                        self._finish(video, result, writer, return_vis, progress)
        if writer is not None:
            writer.write_json(result['predictions'])
        return result

    @torch.no_grad()
    def attention(self, prediction: dict, stage: int = -1, video: VideoReader | None = None) -> dict[str, np.ndarray]:
        """Where the spatial decoder looks in the clip of a prediction, on all frames of a test.

        Args:
            prediction: One of `predictions`. A tube that was joined from several windows is looked at in one window
                around its middle.
            stage: Stage of the decoder, from 0; -1 is the last.
            video: The open video; by default the file that the prediction names.

        Returns:
            `frame_ids` `(T,)`, the sampled frames, and `maps` `(T, h, w)`, see `attention_maps`.

        Raises:
            ValueError: There is no such stage, or the prediction was made on frames in memory and there is no `video`.
            VideoError: The video cannot be read.
        """
        clip = tuple(prediction['clip'])
        if list(clip) not in prediction['clips']:
            clip = center_window(prediction['span'], clip, self._window_length(prediction['fps']))
        names = ('item_id', 'video_id', 'video_path', 'text', 'fps', 'frame_count')
        info = {name: prediction[name] for name in names}
        with open_video_of(prediction, video, self.backend) as video:
            item = self.pipeline(dict(info, ori_shape=tuple(prediction['size']), segment=clip, video=video))
        data = self.model.data_preprocessor(dict(inputs=[item['inputs']], data_samples=[item['data_samples']]))
        with self._autocast():
            maps = attention_maps(self.model, **data, stage=stage)
        return dict(frame_ids=item['data_samples'].frame_ids, maps=maps)

    def _open(self, query: VideoQuery, fps: float | None, stack: ExitStack) -> _OpenVideo:
        if isinstance(query.video, Path | dict):
            path = str(query.video['video_path'] if isinstance(query.video, dict) else query.video)
            reader = stack.enter_context(open_video(path, self.backend))
        elif fps is None:
            raise ValueError('Frames as arrays need fps, their number a second, since the model samples by time.')
        else:
            path, reader = None, ArrayReader(query.video, fps, query.name)
        if reader.shortfall is not None:
            warnings.warn(f'{path}: {reader.shortfall}; only those are searched.', stacklevel=2)
        info: dict[str, Any] = dict(video_id=query.name, video_path=path, video=reader)
        if isinstance(query.video, dict):
            info = {**query.video, **info}
        else:
            info['unused_frames'] = self.unused_frames
        info = LoadVideoInfo()(info)
        info.setdefault('frame_count', reader.frame_count)
        clips = [info['segment']]
        if not isinstance(query.video, dict):
            clips = plan_windows(info['segment'], self._window_length(info['fps']))
        return _OpenVideo(query, reader, info, clips)

    def _window_length(self, fps: float) -> int:
        return max(round(self.window * fps), 1)

    def _look(self, videos: list[_OpenVideo], batch_size: int, progress: _Progress) -> None:
        """Answer all sentences on all clips."""
        progress.plan(sum(len(video.clips) for video in videos))
        for every_nth in {1, self.model.interleave}:
            todo = [(video, clip) for video in videos if self._step(video) == every_nth for clip in video.clips]
            for first in range(0, len(todo), batch_size):
                batch = todo[first : first + batch_size]
                found = self._answer([(video, clip, video.query.texts) for video, clip in batch], every_nth)
                for (video, _), answers in zip(batch, found, strict=True):
                    video.answers.append(answers)
                progress.done(len(batch))

    def _step(self, video: _OpenVideo) -> int:
        """Of the frames that the pipeline samples, windows are searched with every n-th."""
        return self.model.interleave if len(video.clips) > 1 else 1

    def _answer(self, batch: list[tuple[_OpenVideo, Range, list[str]]], every_nth: int = 1) -> list[list[ClipAnswer]]:
        """An answer a sentence for each clip of a batch, on every n-th of the frames that the pipeline samples."""
        items = [self._load(dict(video.info, segment=clip, text=texts[0]), every_nth) for video, clip, texts in batch]
        data = self.model.data_preprocessor(
            # Popped, so that the frames are gone once they are normalised.
            dict(inputs=[item.pop('inputs') for item in items], data_samples=[item['data_samples'] for item in items])
        )
        texts = [texts for _, _, texts in batch]
        with self._autocast():
            samples = self.model.predict_texts(**data, texts=texts, interleave=self.model.interleave // every_nth)
        return [
            [ClipAnswer(clip, sample.pred_tube, sample.score, sample.pred_frames) for sample in own]
            for (_, clip, _), own in zip(batch, samples, strict=True)
        ]

    def _load(self, info: dict, every_nth: int) -> dict:
        """Run the pipeline, with every n-th of the frames that it samples."""
        for transform in self.pipeline.transforms:
            is_new = 'frame_ids' not in info
            info = transform(info)
            if is_new and 'frame_ids' in info:
                info['frame_ids'] = _thin(info['frame_ids'], every_nth)
        return info

    def _autocast(self) -> torch.autocast:
        device = torch.device(self.model.data_preprocessor.device)
        return torch.autocast(device.type, torch.bfloat16, enabled=self.amp)

    def _finish(
        self,
        video: _OpenVideo,
        result: dict,
        writer: PredictionWriter | None,
        return_vis: bool,
        progress: _Progress,
    ) -> None:
        """From the answers on the clips to those on the video."""
        for place, text in enumerate(video.query.texts):
            answers = [of_clip[place] for of_clip in video.answers]
            final, clips = self._search(video, answers, text, progress)
            tube = final.tube.clip(*video.info['ori_shape']) if self.clip_boxes else final.tube
            about = {'item_id': len(result['predictions']), **video.info}
            frames = scores_over_video(answers, final)
            prediction = make_prediction(tube, final.score, frames, final.clip, clips, about, text)
            result['predictions'].append(prediction)
            truth = video.info.get('gt_tube')
            if writer is not None:
                writer.write(prediction, video.reader, truth)
            if return_vis:
                pictures = draw_pictures(prediction, video.reader, self.visualizer, truth)
                result['visualization'].append(pictures)

    def _search(
        self, video: _OpenVideo, answers: list[ClipAnswer], text: str, progress: _Progress
    ) -> tuple[ClipAnswer, list[Range]]:
        """The answer on the whole video, and the clips that were looked at."""
        joined = join_cut_event(answers, video.segment)
        clip = None
        if len(answers) > 1:
            clip = plan_second_look(joined, video.segment, self._window_length(video.info['fps']))
        if clip is None or (clip == joined.clip and self._step(video) == 1):  # nothing that was not seen
            return joined, video.clips
        progress.plan(1)
        ((second,),) = self._answer([(video, clip, [text])])
        progress.done(1)
        return choose(joined, second), list(dict.fromkeys([*video.clips, clip]))


def _thin(frame_ids: np.ndarray, every_nth: int) -> np.ndarray:
    """Every n-th of the frames and the last one, which every sampler takes: an event may end there."""
    kept = frame_ids[::every_nth]
    return np.append(kept, frame_ids[-1:]) if (len(frame_ids) - 1) % every_nth else kept


def _load_model(
    model: str | Path | Config | BaseGrounder | None,
    weights: str | Path | None,
    device: str | torch.device | None,
    cfg_options: dict | None,
) -> BaseGrounder:
    if isinstance(model, BaseGrounder):
        if weights is not None or device is not None or cfg_options is not None:
            raise ValueError('A model that is built already takes no weights, device or cfg_options here.')
        return model
    if model is None:
        if weights is None:
            raise ValueError('Give weights that carry their config, or a config and weights.')
        model = config_of_checkpoint(read_checkpoint(weights), str(weights))
    return init_model(model, weights, device, cfg_options)
