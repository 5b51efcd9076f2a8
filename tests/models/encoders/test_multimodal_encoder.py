"""Recomputed layers change nothing but memory, and short sequences are not recomputed."""

import pytest
import torch

from mmstvg.models.encoders import MultimodalEncoder
from mmstvg.utils.measure import bytes_kept_for_backward

FRAMES, SIDE, WORDS = 3, 6, 4
TOKENS = 2 * SIDE * SIDE + WORDS


def make_encoder(with_cp, cp_min_tokens=0):
    torch.manual_seed(0)
    return MultimodalEncoder(
        32, num_layers=2, num_heads=4, hidden_dims=64, dropout=0.1, with_cp=with_cp, cp_min_tokens=cp_min_tokens
    )


def inputs():
    generator = torch.Generator().manual_seed(1)
    appearance, motion = torch.randn(2, 1, FRAMES, 32, SIDE, SIDE, generator=generator)
    return {
        'appearance': appearance.requires_grad_(),
        'motion': motion,
        'map_sizes': [(SIDE, SIDE)],
        'frame_mask': torch.zeros(1, FRAMES, dtype=torch.bool),
        'text': torch.randn(1, WORDS, 32, generator=generator),
        'text_mask': torch.zeros(1, WORDS, dtype=torch.bool),
    }


def step(encoder):
    """Memory kept, output and all gradients of a step with dropout."""
    torch.manual_seed(2)
    given = inputs()
    memory = encoder(**given).memory
    memory.square().sum().backward()
    kept = bytes_kept_for_backward(lambda: encoder(**inputs()).memory.square().sum(), encoder.parameters())
    return kept, memory, [given['appearance'].grad, *(p.grad for p in encoder.parameters())]


@pytest.mark.parametrize('cp_min_tokens', [0, TOKENS])
def test_recomputed_layers_change_nothing_but_memory(cp_min_tokens):
    kept, memory, gradients = step(make_encoder(with_cp=False))
    kept_less, memory_again, gradients_again = step(make_encoder(with_cp=True, cp_min_tokens=cp_min_tokens))
    assert kept_less < 0.3 * kept
    torch.testing.assert_close(memory_again, memory, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(gradients_again, gradients, atol=1e-5, rtol=1e-5)


def test_short_sequences_keep_their_activations():
    kept = step(make_encoder(with_cp=False))[0]
    assert step(make_encoder(with_cp=True, cp_min_tokens=TOKENS + 1))[0] == kept
