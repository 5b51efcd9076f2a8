"""What every grounder does with a batch, on one page."""

from abc import ABCMeta, abstractmethod
from collections.abc import Sequence

from mmengine.model import BaseModel
from torch import Tensor, nn

from mmstvg.models.encoders import EncodedClips
from mmstvg.models.heads.post_process import Answer
from mmstvg.models.layers import take_rows
from mmstvg.structures import STVGDataSample

from .visual_maps import VisualMaps

Inputs = dict[str, Tensor]


class BaseGrounder(BaseModel, metaclass=ABCMeta):
    """A model from a video and a sentence to a tube.

    A subclass builds its parts, among them `head`, and says how they read a batch: `see` the videos, `fuse` what was
    seen with the sentences. `head(encoded, targets)` answers, `head.loss(encoded, data_samples)` gives the losses,
    `head.predict(encoded, data_samples)` tubes and scores. Only where samples bring a `foreign_text`, one that does not
    hold, `head.foreign_loss(encoded, batch_size)` is asked for the losses of the clips with those sentences.

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
    def see(self, inputs: Inputs, data_samples: Sequence[STVGDataSample]) -> VisualMaps:
        """Maps of the videos of a batch; no sentence is read."""

    @abstractmethod
    def fuse(self, maps: VisualMaps, data_samples: Sequence[STVGDataSample]) -> EncodedClips:
        """Fuse each clip with its sentence."""

    def encode(self, inputs: Inputs, data_samples: Sequence[STVGDataSample]) -> EncodedClips:
        """Fuse videos and sentences of a batch."""
        return self.fuse(self.see(inputs, data_samples), data_samples)

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

        A batch without any gives a zero loss that reaches every parameter, so that the processes stay in step; those
        of losses that add up over processes (`normalizer='processes'`) do so only where all leave such a batch out, as
        `ResumableTrainLoop` sees to.
        """
        readable = [sample for sample in data_samples if 'broken' not in sample]
        if not readable:
            return {'loss_empty': sum(p.sum() for p in self.parameters() if p.requires_grad) * 0.0}
        maps = self.see(inputs, readable)
        losses = self.head.loss(self.fuse(maps, readable), readable)
        foreign = [i for i, sample in enumerate(readable) if 'foreign_text' in sample]
        if foreign:
            asked = [_ask(readable[i], readable[i].foreign_text) for i in foreign]
            losses.update(self.head.foreign_loss(self.fuse(maps.take(foreign), asked), len(readable)))
        return losses

    def predict(self, inputs: Inputs, data_samples: Sequence[STVGDataSample]) -> list[STVGDataSample]:
        """Set `pred_tube`, `score` and `pred_frames` of each sample whose video was readable.

        Ground truth is not read.
        """
        readable = [sample for sample in data_samples if 'broken' not in sample]
        self._predict(inputs, readable, [[sample] for sample in readable], self.interleave)
        return list(data_samples)

    def predict_texts(
        self,
        inputs: Inputs,
        data_samples: Sequence[STVGDataSample],
        texts: Sequence[Sequence[str]],
        interleave: int | None = None,
    ) -> list[list[STVGDataSample]]:
        """Answer several sentences for each video. The videos are seen once; each answer is that of `predict` alone.

        Args:
            inputs: See `forward`.
            data_samples: One sample a video, readable; its own sentence is not read.
            texts: The sentences of each video, at least one.
            interleave: Clips that a video is run as; by default those of `test_cfg`.

        Returns:
            For each video a sample a sentence, with `text` and the answer.
        """
        asked = [[_ask(sample, text) for text in own] for sample, own in zip(data_samples, texts, strict=True)]
        self._predict(inputs, data_samples, asked, self.interleave if interleave is None else interleave)
        return asked

    def _predict(
        self,
        inputs: Inputs,
        videos: Sequence[STVGDataSample],
        asked: Sequence[Sequence[STVGDataSample]],
        interleave: int,
    ) -> None:
        """Answer the samples `asked` of each video, one sentence of every video at a time."""
        for part in range(interleave):
            rows = [i for i, sample in enumerate(videos) if len(sample.frame_ids) > part]
            if not rows:
                break
            clips = inputs if len(rows) == len(videos) else {name: take_rows(x, rows) for name, x in inputs.items()}
            clips = {
                'video': clips['video'][:, part::interleave],
                'frame_mask': clips['frame_mask'][:, part::interleave],
                'pixel_mask': clips['pixel_mask'],
            }
            maps = self.see(clips, [_every_nth(videos[i], part, interleave) for i in rows])
            for turn in range(max(len(asked[i]) for i in rows)):
                places = [place for place, i in enumerate(rows) if len(asked[i]) > turn]
                samples = [asked[rows[place]][turn] for place in places]
                self._answer(maps.take(places), samples, part, interleave)

    def _answer(self, maps: VisualMaps, samples: Sequence[STVGDataSample], part: int, interleave: int) -> None:
        """Answer one sentence of each clip."""
        clips = [_every_nth(sample, part, interleave) for sample in samples]
        answers = self.head.predict(self.fuse(maps, clips), clips)
        for sample, answer in zip(samples, answers, strict=True):
            _add_answer(sample, answer, first=part == 0)


def _ask(sample: STVGDataSample, text: str) -> STVGDataSample:
    """A sample of the same video with another sentence, without ground truth."""
    metainfo = {name: value for name, value in sample.metainfo_items() if name != 'input_ids'}
    return STVGDataSample(metainfo={**metainfo, 'text': text})


def _every_nth(sample: STVGDataSample, part: int, step: int) -> STVGDataSample:
    """The sample of the clip that has the frames `part, part + step, …`."""
    clip = sample.new()
    clip.set_metainfo({'frame_ids': sample.frame_ids[part::step]})
    return clip


def _add_answer(sample: STVGDataSample, answer: Answer, first: bool) -> None:
    """Set the answer of the first clip of a video, merge those of the others; the score is the best of them."""
    if first:
        sample.pred_tube, sample.score, sample.pred_frames = answer
        return
    sample.pred_tube = sample.pred_tube.merge(answer.tube)
    sample.score = max(sample.score, answer.score)
    sample.pred_frames = sample.pred_frames.merge(answer.frames)
