import torch

from mmstvg.models.layers import MultiHeadAttention


def test_equals_torchs_attention():
    torch.manual_seed(0)
    ours, theirs = MultiHeadAttention(32, 4), torch.nn.MultiheadAttention(32, 4, batch_first=True)
    ours.load_state_dict(theirs.state_dict())
    query, key, value = torch.randn(2, 5, 32), torch.randn(2, 7, 32), torch.randn(2, 7, 32)
    mask = torch.tensor([[False] * 7, [False] * 4 + [True] * 3])
    expected, _ = theirs(query, key, value, key_padding_mask=mask)
    torch.testing.assert_close(ours(query, key, value, mask), expected, atol=1e-6, rtol=1e-5)
    expected, _ = theirs(key, key, value)
    torch.testing.assert_close(ours(key, key, value), expected, atol=1e-6, rtol=1e-5)
