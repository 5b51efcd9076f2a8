"""CG-STVG and its baseline."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmstvg.models.encoders import EncodedClips
from mmstvg.models.layers import ClipSize, fold_frozen_norms, run_in_parts, run_unpadded
from mmstvg.registry import MODELS
from mmstvg.structures import STVGDataSample

from .base_grounder import BaseGrounder, Inputs
from .motion_cache import MotionCache
from .visual_maps import VisualMaps

# Not the motion network: how many kinds of windows it has depends on the size of the clip, one more graph for each.
COMPILED = ('backbone', 'encoder', 'head.temporal_decoder', 'head.spatial_decoder')
VALUES_AT_ONCE = 3 * 2**21  # 8 frames of 420 x 588: what the appearance network sees at once on a CPU without a graph


@MODELS.register_module()
class CGSTVG(BaseGrounder):
    """Context-Guided Spatio-Temporal Video Grounding (CVPR 2024, arXiv 2401.01578).

    An appearance and a motion network see the frames, a text encoder reads the sentence, an encoder fuses them frame
    by frame, a temporal and a spatial decoder with one query a frame answer. After each stage the features inside its
    boxes (ICG), filtered by confidence (ICR), guide the next. Without `context` in the head it is the paper's baseline.

    Videos of a batch may differ in length, size and sentence; each gets what it gets alone.

    Args:
        backbone: Config of the appearance network, `(N, 3, H, W)` to a tuple of maps, of which the last is used.
        text_encoder: Config of the text encoder, sentences to tokens `(B, L, D)` and mask `(B, L)`.
        encoder: Config of the multimodal encoder.
        head: Config of the head.
        motion_backbone: Config of the motion network, `(B, T, 3, H, W)` to `(B, T, C, h, w)`; None for none.
        motion_cache: None, or a folder that keeps the motion network's maps in evaluation, see `MotionCache`.
        recompute_frames: None, or the appearance network recomputes its activations in the backward pass, this many
            frames at a time: memory of a step no longer grows with the length of the clip, for one more forward pass.
        channels_last: Whether the appearance network runs on frames whose channels lie next to each other in memory:
            the same numbers, faster where convolutions prefer it (GPUs with tensor cores, CPUs with oneDNN). The
            projections of both maps lie the same way, lest DistributedDataParallel copy their gradients.
        compile_cfg: None, or the arguments of `torch.compile` for the appearance network, the encoder and the decoders,
            `dict()` for its defaults. Each is one graph; the first calls are slow, and those of a second size, too.
        data_preprocessor: Config of the data preprocessor.
        test_cfg: See `BaseGrounder`.
        init_cfg: See `BaseGrounder`.

    Raises:
        ValueError: The maps of the two networks differ in size, the parts behind them differ in width,
            `recompute_frames` is not positive, or `motion_cache` is set without a frozen motion network.
    """

    def __init__(
        self,
        backbone: dict,
        text_encoder: dict,
        encoder: dict,
        head: dict,
        motion_backbone: dict | None = None,
        motion_cache: str | None = None,
        recompute_frames: int | None = None,
        channels_last: bool = False,
        compile_cfg: dict | None = None,
        data_preprocessor: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ):
        super().__init__(data_preprocessor, test_cfg, init_cfg)
        if recompute_frames is not None and recompute_frames < 1:
            raise ValueError(f'recompute_frames is None or at least 1, got {recompute_frames}.')
        self.recompute_frames = recompute_frames
        self.backbone = MODELS.build(backbone)
        fold_frozen_norms(self.backbone)
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.backbone.to(memory_format=self.memory_format)
        self.motion_backbone = MODELS.build(motion_backbone) if motion_backbone is not None else None
        self.motion_cache = None
        if motion_cache is not None:
            if self.motion_backbone is None:
                raise ValueError('motion_cache is set, but there is no motion_backbone whose maps it could keep.')
            self.motion_cache = MotionCache(self.motion_backbone, motion_cache)
        self.text_encoder = MODELS.build(text_encoder)
        self.encoder = MODELS.build(encoder)
        self.head = MODELS.build(head)
        _check_widths(self)
        dims = self.encoder.embed_dims
        self.input_proj = nn.Conv2d(_count_channels(self.backbone), dims, kernel_size=1).to(
            memory_format=self.memory_format
        )
        self.motion_proj = None
        if self.motion_backbone is not None:
            self.motion_proj = nn.Conv2d(self.motion_backbone.out_channels, dims, kernel_size=1).to(
                memory_format=self.memory_format
            )
        if compile_cfg is not None:
            for name, part in self.named_modules():
                if name in COMPILED:
                    part.compile(**compile_cfg)

    def see(self, inputs: Inputs, data_samples: Sequence[STVGDataSample]) -> VisualMaps:
        """Maps of the videos of a batch; no sentence is read."""
        sizes = _clip_sizes(inputs, data_samples)
        appearance, map_sizes = run_unpadded(self._see_appearance, inputs['video'], sizes)  # B T D h w
        motion = None
        if self.motion_backbone is not None:
            motion, motion_sizes = run_unpadded(self._see_motion, inputs['video'], sizes)
            if motion_sizes != map_sizes:
                raise ValueError(
                    f'Appearance maps of {map_sizes} cells and motion maps of {motion_sizes} do not fit together; both '
                    'networks need the same stride (choose out_indices of the backbone accordingly).'
                )
        return VisualMaps(appearance, motion, inputs['frame_mask'], [size[0] for size in sizes], map_sizes)

    def fuse(self, maps: VisualMaps, data_samples: Sequence[STVGDataSample]) -> EncodedClips:
        """Fuse each clip with its sentence."""
        text, text_mask = self.text_encoder([_sentence(sample) for sample in data_samples])  # B L D
        return self.encoder(maps.appearance, maps.motion, maps.map_sizes, maps.frame_mask, text, text_mask)

    def _see_appearance(self, clips: Tensor) -> Tensor:
        """`(N, t, 3, h, w)` to projected maps `(N, t, D, h', w')`, frame by frame."""
        frames = clips.flatten(0, 1).contiguous(memory_format=self.memory_format)
        if self.recompute_frames is None or not torch.is_grad_enabled():
            maps = run_in_parts(self._run_backbone, frames, VALUES_AT_ONCE)
        else:
            parts = frames.split(self.recompute_frames)
            maps = torch.cat([checkpoint(self._run_backbone, part, use_reentrant=False) for part in parts])
        return self.input_proj(maps).unflatten(0, clips.shape[:2])

    def _run_backbone(self, frames: Tensor) -> Tensor:
        return self.backbone(frames)[-1]

    def _see_motion(self, clips: Tensor) -> Tensor:
        """`(N, t, 3, h, w)` to projected maps `(N, t, D, h', w')`."""
        is_kept = self.motion_cache is not None and not self.training  # clips of training are augmented
        maps = self.motion_cache(clips) if is_kept else self.motion_backbone(clips)
        return self.motion_proj(maps.flatten(0, 1)).unflatten(0, clips.shape[:2])


def _clip_sizes(inputs: Inputs, data_samples: Sequence[STVGDataSample]) -> list[ClipSize]:
    """Unpadded length, height and width of each video, from the samples: no look at the device."""
    if len(data_samples) == 1 and 'img_shape' not in data_samples[0]:  # a video alone has no padding
        video = inputs['video']
        return [(video.shape[1], *video.shape[3:])]
    return [(len(sample.frame_ids), *sample.img_shape) for sample in data_samples]


def _sentence(sample: STVGDataSample) -> str | Tensor:
    """Token ids that the sample brings along, else its sentence."""
    return sample.input_ids if 'input_ids' in sample else sample.text


def _check_widths(model: nn.Module) -> None:
    """All parts behind the networks that see the frames have one width."""
    bodies = ('backbone', 'motion_backbone', 'text_encoder.')  # whose inner widths are their own
    parts = [(name, part) for name, part in model.named_modules() if not name.startswith(bodies)]
    widths = {name: part.embed_dims for name, part in parts if hasattr(part, 'embed_dims')}
    if len(set(widths.values())) > 1:
        found = ', '.join(f'{name} {width}' for name, width in widths.items())
        raise ValueError(f'embed_dims must be the same in all parts, got {found}.')


def _count_channels(backbone: nn.Module) -> int:
    """Channels of a backbone's last map, measured on a small black frame."""
    modes = {module: module.training for module in backbone.modules()}
    backbone.eval()
    with torch.no_grad():
        channels = backbone(torch.zeros(1, 3, 64, 64))[-1].shape[1]
    for module, training in modes.items():
        module.training = training
    return channels
