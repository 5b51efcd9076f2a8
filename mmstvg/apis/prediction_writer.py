"""Files of predictions."""

import re
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from mmstvg.datasets import VideoReader
from mmstvg.evaluation.predictions_file import read_predictions, write_predictions
from mmstvg.structures import Tube
from mmstvg.visualization import TubeVisualizer

from .prediction import open_video_of
from .prediction_pictures import draw_attention, draw_pictures, make_scene


class PredictionWriter:
    """Writes what `STVGInferencer` predicts: videos, pictures, and the predictions file.

    For each prediction `NAME.mp4` (the video with the tube), `NAME.png` (a contact sheet), `NAME_timeline.png` (the
    scores over time) and, if asked for, `NAME.gif`; `NAME` is that of the video and the number of the prediction.

    A folder may hold what earlier writers left. The answer to a question that one of them answered, the same sentence
    about the same file, replaces theirs. Others are added: where the number of a prediction is taken, its `item_id`
    becomes the next free one. Items of one writer that ask the same question are kept apart.

    Args:
        out_dir: Folder to write into; it is made.
        mp4: Whether to write videos.
        gif: Whether to write gifs of the events.
        visualizer: Draws; a `TubeVisualizer` by default.
        backend: Decoder of videos, `'pyav'` or `'decord'`.
        show_progress: Whether to show a progress bar for each video written.

    Raises:
        ValueError: The folder has a `predictions.json` that is no predictions file.
    """

    def __init__(
        self,
        out_dir: str | Path,
        mp4: bool = True,
        gif: bool = False,
        visualizer: TubeVisualizer | None = None,
        backend: str = 'pyav',
        show_progress: bool = False,
    ):
        self.out_dir = Path(out_dir)
        self.mp4 = mp4
        self.gif = gif
        self.visualizer = visualizer or TubeVisualizer(name='prediction_writer')
        self.backend = backend
        self.show_progress = show_progress
        self.out_dir.mkdir(parents=True, exist_ok=True)
        self._json_file = self.out_dir / 'predictions.json'
        self._earlier = read_predictions(self._json_file) if self._json_file.exists() else {}
        self._written: dict[int, dict] = {}

    def write(self, prediction: dict, video: VideoReader | None = None, gt_tube: Tube | None = None) -> dict[str, Path]:
        """Write the files of one prediction.

        Args:
            prediction: From `STVGInferencer`.
            video: Its open video; by default the file that the prediction names.
            gt_tube: The annotated tube to draw beside it.

        Returns:
            The files by kind: `mp4`, `sheet`, `timeline`, `gif`.

        Raises:
            ValueError: The prediction was made on frames in memory, and there is no `video`.
            VideoError: The video cannot be read.
        """
        self._number(prediction)
        stem = self.out_dir / file_stem(prediction)
        scene = make_scene(prediction, gt_tube)
        paths = {'sheet': Path(f'{stem}.png'), 'timeline': Path(f'{stem}_timeline.png')}
        with open_video_of(prediction, video, self.backend) as video:
            for kind, picture in draw_pictures(prediction, video, self.visualizer, gt_tube).items():
                Image.fromarray(picture).save(paths[kind])
            if self.mp4:
                paths['mp4'] = Path(f'{stem}.mp4')
                frames = range(scene.frame_count)
                images = tqdm(
                    video.frames(frames), paths['mp4'].name, len(frames), unit='frame', disable=not self.show_progress
                )
                self.visualizer.write_video(paths['mp4'], images, scene)
            if self.gif:
                paths['gif'] = Path(f'{stem}.gif')
                self.visualizer.write_gif(paths['gif'], video, scene)
        return paths

    def write_json(self, predictions: list[dict]) -> Path:
        """Write these and what was there into `predictions.json`, which `tools/analysis_tools/eval_tubes.py` reads."""
        for prediction in predictions:
            self._number(prediction)
        everything = self._earlier | self._written
        write_predictions(self._json_file, (everything[number] for number in sorted(everything)))
        return self._json_file

    def write_attention(
        self, prediction: dict, attention: dict[str, np.ndarray], video: VideoReader | None = None
    ) -> Path:
        """Write `NAME_attention.png`: frames of the span, each with where the decoder looked.

        Args:
            prediction: From `STVGInferencer`.
            attention: From `STVGInferencer.attention`.
            video: Its open video; by default the file that the prediction names.
        """
        self._number(prediction)
        path = self.out_dir / f'{file_stem(prediction)}_attention.png'
        with open_video_of(prediction, video, self.backend) as video:
            picture = draw_attention(prediction, video, attention, self.visualizer)
        Image.fromarray(picture).save(path)
        return path

    def _number(self, prediction: dict) -> None:
        """Give it the number of an earlier answer to its question, else its own or, where that is taken, a free one."""
        number = prediction['item_id']
        if self._written.get(number) is prediction:
            return
        replaced = [earlier for earlier, other in self._earlier.items() if _answers_the_same(prediction, other)]
        if replaced:
            number = number if number in replaced else replaced[0]
            del self._earlier[number]
        elif number in self._earlier or number in self._written:
            number = max(self._earlier | self._written) + 1
        prediction['item_id'] = number
        self._written[number] = prediction


def _answers_the_same(prediction: dict, other: dict) -> bool:
    """Whether two predictions answer one question. Frames in memory have no name to know them by."""
    if prediction['video_path'] is None:
        return False
    return all(prediction[key] == other.get(key) for key in ('video_path', 'text'))


def file_stem(prediction: dict) -> str:
    """A name for the files of a prediction that is one path component, whatever the video is called."""
    name = re.sub(r'[\\/:\x00-\x1f]', '_', Path(prediction['video_id']).stem).strip('. ')
    return f'{name[:60] or "video"}_{prediction["item_id"]}'
