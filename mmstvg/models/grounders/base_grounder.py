"""What every grounder does with a batch, on one page."""

from abc import ABCMeta, abstractmethod
from collections.abc import Sequence

from mmengine.model import BaseModel
from torch import Tensor, nn

from mmstvg.models.encoders import EncodedClips
from mmstvg.structures import STVGDataSample, Tube

Inputs = dict[str, Tensor]


class BaseGrounder(BaseModel, metaclass=ABCMeta):
    """A model from a video and a sentence to a tube.

    A subclass builds its parts, among them `head`, and says in `encode` how they read a batch.
    `head(encoded, targets)` answers, `head.loss(encoded, data_samples)` gives the losses,
    `head.predict(encoded, data_samples)` tubes and scores.

    Args:
        data_preprocessor: Config of the data preprocessor.
        test_cfg: `interleave=n` runs every n-th frame as a clip of its own, n clips a video, and merges their tubes
            (the published system has 2); 1 is a single pass.
        init_cfg: MMEngine's initialisation, such as `dict(type='Pretrained', checkpoint=…)`.

    Raises:
        ValueError: `test_cfg` has other keys, or `interleave` is not a positive number.
    """

    head: nn.Module

    def __init__(self, data_preprocessor: dict | None, test_cfg: dict | None, init_cfg: dict | None):
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        test_cfg = {'interleave': 1} if test_cfg is None else dict(test_cfg)
        self.interleave = test_cfg.pop('interleave', 1)
        if test_cfg or self.interleave < 1:
            raise ValueError(f'test_cfg takes interleave (at least 1), got {self.interleave} and {sorted(test_cfg)}.')

    @abstractmethod
    def encode(self, inputs: Inputs, data_samples: Sequence[STVGDataSample]) -> EncodedClips:
        """Fuse videos and sentences of a batch."""

    def forward(self, inputs: Inputs, data_samples: Sequence[STVGDataSample], mode: str = 'tensor'):
        """Run a batch from the data preprocessor.

        Args:
            inputs: `dict(video=(B, T, 3, H, W), frame_mask=(B, T), pixel_mask=(B, H, W))`.
            data_samples: One sample a video.
            mode: `'tensor'` gives the head's outputs as at inference, `'loss'` the losses, `'predict'` the samples with
                `pred_tube` and `score`.

        Raises:
            ValueError: `mode` is something else.
        """
        if mode == 'tensor':
            return self.head(self.encode(inputs, data_samples))
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        raise ValueError(f"mode is 'tensor', 'loss' or 'predict', got {mode!r}.")

    def loss(self, inputs: Inputs, data_samples: Sequence[STVGDataSample]) -> dict[str, Tensor]:
        """Weighted losses of a batch, means over its readable videos.

        A batch without any gives a zero loss that reaches every parameter, so that the processes stay in step.
        """
        readable = [sample for sample in data_samples if 'broken' not in sample]
        if not readable:
            return {'loss_empty': sum(p.sum() for p in self.parameters() if p.requires_grad) * 0.0}
        return self.head.loss(self.encode(inputs, readable), readable)

    def predict(self, inputs: Inputs, data_samples: Sequence[STVGDataSample]) -> list[STVGDataSample]:
        """Set `pred_tube` and `score` of each sample whose video was readable; ground truth is not read."""
        readable = [sample for sample in data_samples if 'broken' not in sample]
        for part in range(self.interleave):
            rows = [i for i, sample in enumerate(readable) if len(sample.frame_ids) > part]
            if not rows:
                break
            samples = [_every_nth(readable[i], part, self.interleave) for i in rows]
            clips = inputs if len(rows) == len(readable) else {name: x[rows] for name, x in inputs.items()}
            clips = {
                'video': clips['video'][:, part :: self.interleave],
                'frame_mask': clips['frame_mask'][:, part :: self.interleave],
                'pixel_mask': clips['pixel_mask'],
            }
            answers = self.head.predict(self.encode(clips, samples), samples)
            for i, (tube, score) in zip(rows, answers, strict=True):
                _add_answer(readable[i], tube, score, first=part == 0)
        return list(data_samples)


def _every_nth(sample: STVGDataSample, part: int, step: int) -> STVGDataSample:
    """The sample of the clip that has the frames `part, part + step, …`."""
    clip = sample.new()
    clip.set_metainfo({'frame_ids': sample.frame_ids[part::step]})
    return clip


def _add_answer(sample: STVGDataSample, tube: Tube, score: float, first: bool) -> None:
    """Set the answer of the first clip of a video, merge those of the others; the score is the best of them."""
    if first:
        sample.pred_tube, sample.score = tube, score
    else:
        sample.pred_tube, sample.score = sample.pred_tube.merge(tube), max(sample.score, score)
