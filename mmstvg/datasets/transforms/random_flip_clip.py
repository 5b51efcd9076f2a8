"""Horizontal flip of a clip, its tube and its sentence."""

import re

import numpy as np
from mmcv.transforms import BaseTransform

from mmstvg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomFlipClip(BaseTransform):
    """Mirror the whole clip, its tube and the words "left" and "right".

    Only whole words are swapped, with their capitals ("Left" becomes "Right", "bright" stays). The reference keeps the
    sentence as it is, a defect: set `swap_words=False` for that. Draws from `numpy.random`.

    Required Keys:

    - imgs (`(T, 3, H, W)`)
    - text
    - ori_shape
    - gt_tube (optional)
    - foreign_text (optional)

    Modified Keys:

    - imgs
    - text
    - gt_tube
    - foreign_text

    Added Keys:

    - flip (bool)

    Args:
        prob: Probability of a flip.
        swap_words: Whether the sentence follows.
    """

    _SWAP = {'left': 'right', 'right': 'left'}

    def __init__(self, prob: float = 0.7, swap_words: bool = True):
        if not 0 <= prob <= 1:
            raise ValueError(f'prob must lie in [0, 1], got {prob}.')
        self.prob = prob
        self.swap_words = swap_words

    def transform(self, results: dict) -> dict:
        """Mirror with probability `prob`."""
        results['flip'] = bool(np.random.random() < self.prob)
        if not results['flip']:
            return results
        results['imgs'] = results['imgs'].flip(-1)
        if 'gt_tube' in results:
            results['gt_tube'] = results['gt_tube'].flip(results['ori_shape'][1])
        for name in ('text', 'foreign_text'):  # both, lest a foreign sentence come true
            if self.swap_words and name in results:
                results[name] = re.sub(r'\b(left|right)\b', self._swapped, results[name], flags=re.IGNORECASE)
        return results

    @classmethod
    def _swapped(cls, match: re.Match) -> str:
        word = match.group()
        other = cls._SWAP[word.lower()]
        if word.isupper():
            return other.upper()
        return other.capitalize() if word[0].isupper() else other

    def __repr__(self) -> str:
        return f'{type(self).__name__}(prob={self.prob}, swap_words={self.swap_words})'
