"""The head: two decoder stacks, what they answer, the losses, the tubes."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from mmstvg.models.encoders import EncodedClips
from mmstvg.models.layers import TopMLP, cells_in_boxes
from mmstvg.registry import MODELS
from mmstvg.structures import STVGDataSample

from .post_process import Answer, tubes_from_outputs
from .stvg_targets import STVGTargets


@MODELS.register_module()
class STVGHead(nn.Module):
    """First when, then where: temporal stack, spatial stack with instance context, losses and post-processing.

    Args:
        temporal_decoder: Config of the temporal stack.
        spatial_decoder: Config of the spatial stack; both have `K` stages.
        context: Config of the instance context; None gives the baseline of the paper.
        loss_bbox: Config of the boxes' L1 loss.
        loss_giou: Config of the boxes' GIoU loss.
        loss_span: Config of the loss of start and end.
        loss_actioness: Config of the loss of frames inside and outside the event.
        loss_conf: Config of the confidence loss; unused without a confidence.
        loss_map: Config of a loss of the encoder's tokens, which help to train from random weights; None for none.
        loss_foreign: Config of the loss of sentences that are foreign to their clip (`foreign_text` of the samples);
            None for none.
        embed_dims: Channels `D`.
        dropout: Dropout behind each layer of the span and actioness heads.

    Raises:
        ValueError: The two stacks differ in their number of stages.
    """

    def __init__(
        self,
        temporal_decoder: dict,
        spatial_decoder: dict,
        context: dict | None,
        loss_bbox: dict,
        loss_giou: dict,
        loss_span: dict,
        loss_actioness: dict,
        loss_conf: dict | None = None,
        loss_map: dict | None = None,
        loss_foreign: dict | None = None,
        embed_dims: int = 256,
        dropout: float = 0.3,
    ):
        super().__init__()
        self.embed_dims = embed_dims
        self.temporal_decoder = MODELS.build(temporal_decoder)
        self.context = MODELS.build(context) if context is not None else None
        self.spatial_decoder = MODELS.build({**spatial_decoder, 'with_context': context is not None})
        self.span_head = TopMLP((embed_dims, embed_dims, 2), dropout)
        self.actioness_head = TopMLP((embed_dims, embed_dims, 1), dropout)
        losses = {
            'loss_bbox': loss_bbox,
            'loss_giou': loss_giou,
            'loss_span': loss_span,
            'loss_actioness': loss_actioness,
        }
        refiner = getattr(self.context, 'refiner', None)
        if loss_conf is not None and refiner is not None and refiner.has_confidence:
            losses['loss_conf'] = loss_conf
        self.map_head = None
        if loss_map is not None:
            self.map_head = nn.Linear(embed_dims, 1)
            losses['loss_map'] = loss_map
        self.loss_foreign = MODELS.build(loss_foreign) if loss_foreign is not None else None
        self.losses = nn.ModuleDict({name: MODELS.build(loss) for name, loss in losses.items()})
        stages = (len(self.temporal_decoder.layers), len(self.spatial_decoder.layers))
        if stages[0] != stages[1]:
            raise ValueError(f'Temporal and spatial decoder need the same number of layers, got {stages}.')

    def forward(self, encoded: EncodedClips, targets: STVGTargets | None = None) -> dict[str, Tensor]:
        """Answer of all `K` stages, stage 1 first.

        Args:
            encoded: The fused clips.
            targets: Ground truth that chooses the context (training); None chooses by the model's own scores.

        Returns:
            `pred_boxes` `(K, B, T, 4)` `cxcywh` in [0, 1], `span_logits` `(K, B, T, 2)`, `actioness_logits`
            `(K, B, T)`; with a context `context_frames` bool `(K, B, T)`, and where the refiner has a confidence
            `box_conf` `(K, B, T)`.
        """
        time_queries = self.temporal_decoder(encoded)  # K B T D
        actioness_logits = self._find_actioness(time_queries)
        find_context = None
        if self.context is not None:
            find_context = partial(
                self.context, actioness_logits=actioness_logits[-1], encoded=encoded, targets=targets
            )
        stages = self.spatial_decoder(encoded, find_context)
        outputs = {
            'pred_boxes': stages.boxes,
            'span_logits': self.span_head(time_queries),
            'actioness_logits': actioness_logits,
        }
        if self.map_head is not None and targets is not None:
            outputs.update(self._classify_cells(encoded, targets))
        if stages.contexts:
            outputs['context_frames'] = torch.stack([context.frames for context in stages.contexts])
        if stages.contexts and stages.contexts[0].confidence is not None:
            outputs['box_conf'] = torch.stack([context.confidence for context in stages.contexts])
        return outputs

    def _find_actioness(self, time_queries: Tensor) -> Tensor:
        """Logits `(K, B, T)`."""
        return self.actioness_head(time_queries).squeeze(-1)

    def _classify_cells(self, encoded: EncodedClips, targets: STVGTargets) -> dict[str, Tensor]:
        """Logits of the cells of the appearance map, and 1 for those that touch the true box: `(B, T, h·w)`."""
        logits = self.map_head(encoded.appearance).squeeze(-1).float()
        if encoded.token_mask is not None:
            padded = encoded.token_mask[:, None, : logits.shape[-1]]
            logits = logits.masked_fill(padded, -100.0)  # certainly outside: no loss
        inside = cells_in_boxes(targets.boxes, encoded.valid_size, encoded.map_size) > 0
        return {'map_logits': logits, 'map_inside': inside.to(logits.dtype)}

    def loss(self, encoded: EncodedClips, data_samples: Sequence[STVGDataSample]) -> dict[str, Tensor]:
        """Weighted losses: `loss_x` of the last stage, `d0.loss_x`, `d1.loss_x` … of the others; means over videos.

        With a context also `context_share`, for the log: the part of the event's frames that were chosen for it, over
        all stages.
        """
        targets = STVGTargets.from_samples(data_samples, encoded.memory.device)
        outputs = self(encoded, targets)
        losses = self.loss_by_outputs(outputs, targets)
        if 'context_frames' in outputs:
            losses['context_share'] = _share_chosen(outputs['context_frames'], targets.inside)
        return losses

    def loss_by_outputs(self, outputs: dict[str, Tensor], targets: STVGTargets) -> dict[str, Tensor]:
        """Weighted losses of what `forward` answered."""
        losses = {}
        for name, loss in self.losses.items():
            losses.update(_name_stages(name, loss(outputs, targets).mean(dim=1)))  # K B to K
        return losses

    def foreign_loss(self, encoded: EncodedClips, batch_size: int) -> dict[str, Tensor]:
        """Weighted losses of clips that are fused with foreign sentences, named like those of `loss`.

        Args:
            encoded: The fused clips, some of a batch.
            batch_size: Videos of the whole batch, over which the mean goes; the others have no such loss.

        Raises:
            ValueError: The head has no `loss_foreign`.
        """
        if self.loss_foreign is None:
            raise ValueError(
                'The data set gives foreign sentences (foreign_text_prob), but the head has no loss for them: set '
                "head.loss_foreign=dict(type='ForeignTextLoss')."
            )
        logits = self._find_actioness(self.temporal_decoder(encoded))
        values = self.loss_foreign(logits, encoded.frame_mask).sum(dim=1) / batch_size  # K
        return _name_stages('loss_foreign', values)

    def predict(self, encoded: EncodedClips, data_samples: Sequence[STVGDataSample]) -> list[Answer]:
        """Tube, score in [0, 1] and scores of the frames of each video; ground truth is not read."""
        return tubes_from_outputs(self(encoded), encoded.frame_mask, data_samples)


def _name_stages(name: str, values: Tensor) -> dict[str, Tensor]:
    """`name` for the last of the stages' values `(K,)`, `d0.name`, `d1.name` … for the others."""
    *auxiliary, last = values
    return {name: last, **{f'd{k}.{name}': value for k, value in enumerate(auxiliary)}}


def _share_chosen(context_frames: Tensor, inside: Tensor) -> Tensor:
    """Part of the event's frames `inside` `(B, T)` among the chosen `(K, B, T)`, mean over videos."""
    event = inside.sum(dim=1).clamp(min=1)  # B
    return ((context_frames & inside).float().mean(dim=0).sum(dim=1) / event).mean()
