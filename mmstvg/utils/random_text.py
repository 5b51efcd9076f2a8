"""A text encoder of RoBERTa-base's size without its files."""

from mmengine.config import Config

ROBERTA_BASE = dict(
    model_type='roberta',
    vocab_size=50265,
    max_position_embeddings=514,
    type_vocab_size=1,
    pad_token_id=1,
    bos_token_id=0,
    eos_token_id=2,
    layer_norm_eps=1e-5,
)


def use_random_text(cfg: Config) -> None:
    """Replace a text encoder that is read from a folder or the hub by a random one of RoBERTa-base's size.

    For what needs shapes or times, and neither weights nor a tokenizer. A text encoder that is described in the config
    itself stays.

    Args:
        cfg: The config, which is changed.
    """
    encoder = cfg.model.text_encoder
    if encoder.get('name_or_path') is not None:
        encoder.update(name_or_path=None, config=dict(ROBERTA_BASE))
