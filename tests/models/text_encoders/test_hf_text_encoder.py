import pytest
import torch

from mmstvg.models.text_encoders import HFTextEncoder
from mmstvg.models.text_encoders.word_tokenizer import build_word_tokenizer

WORDS = ('the', 'red', 'circle', 'moves')
ROBERTA = dict(
    model_type='roberta', vocab_size=8, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
    intermediate_size=16, max_position_embeddings=12, pad_token_id=1, bos_token_id=0, eos_token_id=2,
)  # fmt: skip


def encoder(**options):
    torch.manual_seed(0)
    return HFTextEncoder(config=ROBERTA, embed_dims=8, **options).eval()


def test_padding_changes_no_token():
    net = encoder(vocabulary=WORDS)
    tokens, mask = net(['the red circle moves', 'red'])
    alone, _ = net(['Red'])
    assert mask.tolist() == [[False] * 6, [False] * 3 + [True] * 3]
    torch.testing.assert_close(tokens[1:, :3], alone, atol=1e-6, rtol=1e-5)


def test_ids_are_taken_as_they_are():
    net = encoder(vocabulary=WORDS)
    assert torch.equal(net([torch.tensor([0, 5, 2])])[0], net(['red'])[0])


def test_ids_beyond_the_network_are_named():
    """From a sample, or from a tokenizer of another network."""
    with pytest.raises(ValueError, match=r'ids \[8, -1\] .* has 8'):
        encoder()([torch.tensor([0, 8, -1, 2])])
    with pytest.raises(ValueError, match=r'ids \[8\] .* has 8'):
        encoder(vocabulary=(*WORDS, 'fast'))(['the fast circle'])


def test_too_long_a_sentence_keeps_its_end_token():
    net = encoder(vocabulary=WORDS)
    assert net.max_tokens == 10
    assert net(['red ' * 50])[0].shape == (1, 10, 8)


def test_settings_of_the_caller_stay_as_they_are():
    before = dict(ROBERTA)
    encoder()
    assert before == ROBERTA


def test_saved_folder_is_read(tmp_path):
    net = encoder(vocabulary=WORDS)
    net.body.save_pretrained(tmp_path)
    build_word_tokenizer(list(WORDS)).save_pretrained(tmp_path)
    again = HFTextEncoder(name_or_path=str(tmp_path), embed_dims=8).eval()
    again.proj.load_state_dict(net.proj.state_dict())
    torch.testing.assert_close(again(['the red circle'])[0], net(['the red circle'])[0])


@pytest.mark.parametrize('pretrained', [True, False])
def test_half_precision_on_disk_is_float32_here(tmp_path, pretrained):
    net = encoder(vocabulary=WORDS)
    net.body.half().save_pretrained(tmp_path)
    build_word_tokenizer(list(WORDS)).save_pretrained(tmp_path)
    again = HFTextEncoder(name_or_path=str(tmp_path), pretrained=pretrained, embed_dims=8).eval()
    assert {weight.dtype for weight in again.parameters()} == {torch.float32}
    assert again(['the red circle'])[0].isfinite().all()


def test_vocabulary_for_pretrained_weights_is_refused(tmp_path):
    encoder(vocabulary=WORDS).body.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match='trained with a tokenizer of its own'):
        HFTextEncoder(name_or_path=str(tmp_path), vocabulary=WORDS)
    HFTextEncoder(name_or_path=str(tmp_path), vocabulary=WORDS, pretrained=False)


@pytest.mark.parametrize(('words', 'named'), [(['red', 'the', 'red'], r"\['red'\]"), (['red', ''], r"\[''\]")])
def test_wrong_words_are_named(words, named):
    with pytest.raises(ValueError, match=f'twice: {named}'):
        build_word_tokenizer(words)


def test_empty_sentence_is_refused():
    with pytest.raises(ValueError, match='empty'):
        encoder(vocabulary=WORDS)(['  '])


def test_sentence_without_tokenizer_is_refused():
    with pytest.raises(ValueError, match='no tokenizer'):
        encoder()(['red'])


def test_unknown_folder_is_named(monkeypatch):
    monkeypatch.setenv('HF_HUB_OFFLINE', '1')
    with pytest.raises(FileNotFoundError, match='no/such/folder'):
        HFTextEncoder(name_or_path='no/such/folder')


@pytest.mark.parametrize('options', [{}, {'name_or_path': 'a', 'config': ROBERTA}])
def test_network_and_name_exclude_each_other(options):
    with pytest.raises(ValueError, match='either name_or_path or config'):
        HFTextEncoder(**options)


def test_model_type_is_needed():
    with pytest.raises(ValueError, match='model_type'):
        HFTextEncoder(config=dict(hidden_size=16))
