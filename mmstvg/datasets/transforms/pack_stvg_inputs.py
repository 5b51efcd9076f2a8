"""From a dictionary of results to the model's input."""

from mmcv.transforms import BaseTransform

from mmstvg.registry import TRANSFORMS
from mmstvg.structures import STVGDataSample

META_KEYS = (
    'item_id',
    'video_id',
    'video_path',
    'text',
    'foreign_text',
    'qtype',
    'fps',
    'frame_count',
    'ori_shape',
    'img_shape',
    'frame_ids',
    'flip',
    'broken',
)


@TRANSFORMS.register_module()
class PackSTVGInputs(BaseTransform):
    """Pack frames and annotation.

    Required Keys:

    - imgs (`(T, 3, H, W)`; absent where the item is broken)
    - gt_tube (optional)
    - item_id, video_id, video_path, text, foreign_text, qtype, fps, frame_count, ori_shape, img_shape, frame_ids, flip,
      broken (each optional here, packed as metainfo where present)

    Returns:
        `dict(inputs=imgs or None, data_samples=STVGDataSample)`.
    """

    def transform(self, results: dict) -> dict:
        """Pack `results`."""
        sample = STVGDataSample(metainfo={key: results[key] for key in META_KEYS if key in results})
        if 'gt_tube' in results:
            sample.gt_tube = results['gt_tube']
        return dict(inputs=results.get('imgs'), data_samples=sample)

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'
