"""Windows without rolled copies equal the rolled and masked form."""

import pytest
import torch
import torch.nn.functional as F

from mmstvg.models.backbones import video_swin
from mmstvg.models.backbones.video_swin import SwinBlock3D, VideoSwinTransformer, split_axis, split_time


def attend_rolled(block, x):
    """The block's attention as published: pad, roll, mask wrapped pairs by -100, attend, roll back."""
    size = x.shape[1:4]
    window = tuple(min(n, w) for n, w in zip(size, block.window, strict=True))
    shift = tuple(w // 2 if block.shifted and n > w else 0 for n, w in zip(size, block.window, strict=True))
    y = block.norm1(x)
    y = F.pad(y, (0, 0, *(pad for n, w in zip(size[::-1], window[::-1], strict=True) for pad in (0, -n % w))))
    y = y.roll([-s for s in shift], dims=(1, 2, 3))
    region = torch.zeros(y.shape[1:4])
    for axis, (w, s) in enumerate(zip(window, shift, strict=True)):
        if s:
            marks = torch.zeros(region.shape[axis])
            marks[-w:-s], marks[-s:] = 1, 2
            region += (3**axis * marks).view([-1 if i == axis else 1 for i in range(3)])

    def windows(z):  # (B, T, H, W, …) to (windows, tokens, …)
        for axis, w in enumerate(window):
            z = z.unflatten(1 + 2 * axis, (-1, w))
        return z.permute(0, 1, 3, 5, 2, 4, 6, *range(7, z.dim())).flatten(0, 3).flatten(1, 3)

    tokens, regions = windows(y), windows(region.expand(x.shape[0], -1, -1, -1))
    attn, n = block.attn, tokens.shape[1]
    q, k, v = attn.qkv(tokens).unflatten(-1, (3, attn.num_heads, -1)).permute(2, 0, 3, 1, 4)
    index = attn.relative_position_index[:n, :n].flatten()
    logits = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
    logits = logits + attn.relative_position_bias_table[index].view(n, n, -1).permute(2, 0, 1)
    logits = logits - 100.0 * (regions[:, None, :, None] != regions[:, None, None, :])
    out = attn.proj((logits.softmax(-1) @ v).transpose(1, 2).flatten(2))
    counts = [m // w for m, w in zip(y.shape[1:4], window, strict=True)]
    out = out.view(x.shape[0], *counts, *window, -1).permute(0, 1, 4, 2, 5, 3, 6, 7).reshape(y.shape)
    return out.roll(shift, dims=(1, 2, 3))[:, : size[0], : size[1], : size[2]]


@pytest.mark.parametrize('size', [(9, 10, 15), (3, 14, 5), (8, 7, 7), (5, 3, 9)])
@pytest.mark.parametrize('shifted', [False, True])
def test_attention_equals_the_rolled_form(size, shifted):
    torch.manual_seed(0)
    block = SwinBlock3D(8, (8, 7, 7), shifted, num_heads=2, drop_path=0.0)
    torch.nn.init.normal_(block.attn.relative_position_bias_table)
    x = torch.randn(2, *size, 8)
    expected = x + attend_rolled(block, x)
    expected = expected + block.mlp(block.norm2(expected))
    torch.testing.assert_close(block(x), expected, atol=1e-5, rtol=1e-5)


def test_a_shifted_axis_is_cut_at_its_borders():
    assert [(s.start, s.size, s.count, s.offset) for s in split_axis(21, 7, 3)] == [
        (0, 3, 1, 4),
        (3, 7, 2, 0),
        (17, 4, 1, 0),
    ]


def test_parts_of_time_hold_whole_windows():
    assert split_time(21, 8, 0, 2) == [(0, 16, 8), (16, 21, 8)]
    assert split_time(21, 8, 4, 1) == [(0, 4, 4), (4, 12, 8), (12, 20, 8), (20, 21, 4)]
    assert split_time(20, 8, 4, 9) == [(0, 4, 4), (4, 20, 8)]


def small_net(**options):
    torch.manual_seed(0)
    return VideoSwinTransformer(embed_dims=16, depths=(1, 2), num_heads=(1, 2), **options)


def test_one_map_a_frame_of_every_size():
    net = small_net().eval()
    assert net(torch.randn(2, 3, 3, 33, 50)).shape == (2, 3, 32, 5, 7)


@pytest.mark.parametrize('frames', [5, 8, 9, 20, 21, 32])
@pytest.mark.parametrize('at_once', [1, 8 * 9 * 10 * 16 * 2 * 2])
def test_parts_equal_the_whole(frames, at_once, monkeypatch):
    net = small_net().eval()
    for stage in net.stages:
        for block in stage:
            torch.nn.init.normal_(block.attn.relative_position_bias_table)
    video = torch.randn(2, frames, 3, 35, 70)
    expected, before = net(video), video.clone()
    monkeypatch.setattr(video_swin, 'VALUES_AT_ONCE', at_once)
    torch.testing.assert_close(net(video), expected, atol=1e-5, rtol=1e-5)
    assert torch.equal(video, before)


def test_frozen_network_has_no_graph():
    net = small_net()
    assert not any(p.requires_grad for p in net.parameters())
    assert not net(torch.randn(1, 2, 3, 32, 32, requires_grad=True)).requires_grad


def test_stochastic_depth_acts_in_training_alone():
    net = small_net(drop_path_rate=0.9)
    video = torch.randn(1, 2, 3, 32, 32)
    net.train()
    assert any(not torch.equal(net(video), net(video)) for _ in range(5))
    net.eval()
    assert torch.equal(net(video), net(video))
