"""ICG and ICR together: the context of a stage."""

from torch import Tensor, nn

from mmstvg.models.encoders import EncodedClips
from mmstvg.models.heads.stvg_targets import STVGTargets
from mmstvg.registry import MODELS

from .context import Context


@MODELS.register_module()
class InstanceContext(nn.Module):
    """Instance context of a stage: generated inside its boxes (ICG), then filtered (ICR).

    Args:
        generator: Config of the ICG.
        refiner: Config of the ICR; None keeps every frame and gives no confidence.

    Raises:
        ValueError: One of the two has motion, the other has not.
    """

    def __init__(self, generator: dict, refiner: dict | None):
        super().__init__()
        self.generator = MODELS.build(generator)
        self.refiner = MODELS.build(refiner) if refiner is not None else None
        if self.refiner is not None and self.refiner.with_motion != self.generator.with_motion:
            raise ValueError(
                f'with_motion is {self.generator.with_motion} in head.context.generator and '
                f'{self.refiner.with_motion} in head.context.refiner; set both alike.'
            )

    def forward(
        self, boxes: Tensor, actioness_logits: Tensor, encoded: EncodedClips, targets: STVGTargets | None
    ) -> Context:
        """Context of the stage that answered `boxes`.

        Args:
            boxes: `(B, T, 4)`, `cxcywh` in [0, 1], without a graph.
            actioness_logits: `(B, T)`, of the last temporal layer.
            encoded: The fused clips.
            targets: Ground truth to choose frames by (training); None chooses by the model's own scores.
        """
        pooled = self.generator(boxes, encoded)
        confidence, frames = None, ~encoded.frame_mask
        if self.refiner is not None:
            confidence = self.refiner.confidence(pooled)
            frames = self.refiner(confidence, actioness_logits, boxes, encoded.frame_mask, targets)
        token_mask = ~frames.repeat(1, len(pooled))  # B C
        return Context(self.generator.tokens(pooled), token_mask, frames, confidence)
