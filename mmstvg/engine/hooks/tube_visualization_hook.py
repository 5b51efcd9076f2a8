"""Pictures and videos of some predictions."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from tqdm import tqdm

from mmstvg.datasets import open_video
from mmstvg.registry import HOOKS
from mmstvg.structures import STVGDataSample
from mmstvg.visualization import TubeScene, TubeVisualizer


@HOOKS.register_module()
class TubeVisualizationHook(Hook):
    """Draw some predictions after a test run: an mp4 and a contact sheet each.

    The items are spread over the main process's share of the data set. Those without a predicted tube are left out.

    Args:
        num_items: How many items to draw.
        out_dir: Where to write, a folder in the work directory unless absolute. Validation adds `epoch_N`.
        on_val: Whether to draw after validation too. The contact sheets then also go to the visualizer's backends.
        video: Whether to write videos; contact sheets are always written.
        sheet_frames: Frames of a contact sheet.
        backend: Reads the videos: `'pyav'` or `'decord'`.

    Raises:
        ValueError: `num_items` or `sheet_frames` is not positive.
    """

    def __init__(
        self,
        num_items: int = 4,
        out_dir: str = 'tubes',
        on_val: bool = False,
        video: bool = True,
        sheet_frames: int = 8,
        backend: str = 'pyav',
    ):
        for name, value in (('num_items', num_items), ('sheet_frames', sheet_frames)):
            if value < 1:
                raise ValueError(f'{name} must be at least 1, got {value}.')
        self.num_items = num_items
        self.out_dir = out_dir
        self.on_val = on_val
        self.video = video
        self.sheet_frames = sheet_frames
        self.backend = backend
        self._samples: list[STVGDataSample] = []

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None):
        """Keep the prediction where it is one of those to draw."""
        self._keep(batch_idx, len(runner.test_dataloader), outputs)

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None):
        """Keep the prediction where it is one of those to draw."""
        if self.on_val:
            self._keep(batch_idx, len(runner.val_dataloader), outputs)

    def after_test_epoch(self, runner: Runner, metrics=None):
        """Draw what was kept."""
        self._draw_all(runner, Path(runner.work_dir, self.out_dir))

    def after_val_epoch(self, runner: Runner, metrics=None):
        """Draw what was kept."""
        if self.on_val:
            self._draw_all(runner, Path(runner.work_dir, self.out_dir, f'epoch_{runner.epoch}'), runner.iter)

    def before_test_epoch(self, runner: Runner):
        """Forget what a run that was cut off has kept."""
        self._samples.clear()

    def before_val_epoch(self, runner: Runner):
        """Forget what a run that was cut off has kept."""
        self._samples.clear()

    def _keep(self, batch_idx: int, batches: int, outputs: Sequence[STVGDataSample]):
        """Keep as many as are due by this batch."""
        due = math.ceil(self.num_items * (batch_idx + 1) / batches) - len(self._samples)
        if due > 0:
            self._samples += [sample for sample in outputs if 'pred_tube' in sample][:due]

    @master_only
    def _draw_all(self, runner: Runner, folder: Path, step: int | None = None):
        visualizer = runner.visualizer if isinstance(runner.visualizer, TubeVisualizer) else TubeVisualizer()
        for sample in tqdm(self._samples, desc='drawing tubes'):
            sheet = self._draw(visualizer, sample, folder)
            if step is not None:
                runner.visualizer.add_image(f'tube_{sample.item_id}', sheet, step)
        print_log(f'Drew {len(self._samples)} tubes into {folder}.', logger='current')
        self._samples.clear()

    def _draw(self, visualizer: TubeVisualizer, sample: STVGDataSample, folder: Path) -> np.ndarray:
        stem = folder / f'{sample.item_id:05d}_{Path(sample.video_path).stem}'
        with open_video(sample.video_path, self.backend) as video:
            scene = TubeScene(
                text=sample.text,
                frame_count=video.frame_count,
                fps=video.fps,
                pred_tube=sample.pred_tube,
                gt_tube=sample.get('gt_tube'),
                score=sample.get('score'),
                ori_shape=sample.get('ori_shape'),
            )
            return visualizer.save(stem, video, scene, self.sheet_frames, self.video)
