"""One video with one sentence, as it travels with its frames through model and metric."""

from mmengine.structures import BaseDataElement

from .frame_scores import FrameScores
from .tube import Tube


class STVGDataSample(BaseDataElement):
    """One video with one sentence.

    Metainfo: `item_id` (int, unique in the data set), `video_id`, `video_path`, `text` (the sentence as the text
    encoder gets it), `qtype` (kind of sentence, such as `'declar'`), `fps`, `frame_count`, `ori_shape` and `img_shape`
    (`(height, width)` of the original and of the resized frame), `frame_ids` (`(T,)`, the original index of each
    sampled frame), `flip` (whether the clip is mirrored), `broken` (a word on why there are no frames; absent else).

    Data: `gt_tube` and `pred_tube` (`Tube`). Predictions also carry `score` (float) and `pred_frames` (`FrameScores`).
    A sample with `input_ids` (1-D int64, special tokens included) is used as it is, without the tokenizer.
    """

    @property
    def gt_tube(self) -> Tube:
        """The annotated tube. Absent where there is no ground truth; nothing in `predict` reads it."""
        return self._gt_tube

    @gt_tube.setter
    def gt_tube(self, value: Tube):
        self.set_field(value, '_gt_tube', dtype=Tube)

    @gt_tube.deleter
    def gt_tube(self):
        del self._gt_tube

    @property
    def pred_tube(self) -> Tube:
        """The predicted tube, set by the model's `predict`."""
        return self._pred_tube

    @pred_tube.setter
    def pred_tube(self, value: Tube):
        self.set_field(value, '_pred_tube', dtype=Tube)

    @pred_tube.deleter
    def pred_tube(self):
        del self._pred_tube

    @property
    def pred_frames(self) -> FrameScores:
        """Scores of the sampled frames, set by the model's `predict`."""
        return self._pred_frames

    @pred_frames.setter
    def pred_frames(self, value: FrameScores):
        self.set_field(value, '_pred_frames', dtype=FrameScores)

    @pred_frames.deleter
    def pred_frames(self):
        del self._pred_frames
