import torch

from mmstvg.models.layers import FrameAttention, MultiHeadAttention


def test_frame_attention_equals_attention_with_projected_tokens():
    torch.manual_seed(0)
    frames, ordinary = FrameAttention(32, 4), MultiHeadAttention(32, 4)
    torch.nn.init.normal_(frames.in_proj_bias)
    ordinary.load_state_dict(frames.state_dict())
    query, keys, values = torch.randn(2, 3, 32), torch.randn(2, 3, 7, 32), torch.randn(2, 3, 7, 32)
    mask = torch.tensor([[False] * 7, [False] * 4 + [True] * 3])
    found = frames(query, keys, values, mask)
    each_frame = [x.flatten(0, 1) for x in (query[:, :, None], keys, values)]
    expected = ordinary(*each_frame, mask.repeat_interleave(3, dim=0)).view_as(query)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_dropout_acts_in_training_only():
    torch.manual_seed(0)
    attention = FrameAttention(32, 4, dropout=0.5)
    query, tokens = torch.randn(1, 2, 32), torch.randn(1, 2, 50, 32)
    assert not torch.equal(attention(query, tokens, tokens), attention(query, tokens, tokens))
    attention.eval()
    assert torch.equal(attention(query, tokens, tokens), attention(query, tokens, tokens))
