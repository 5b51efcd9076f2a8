"""Any text encoder of transformers, projected to the width of the grounder."""

import copy
import logging
import sys
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.logging import print_log
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoConfig, AutoModel, AutoTokenizer, PretrainedConfig, PreTrainedModel

from mmstvg.registry import MODELS

from .word_tokenizer import build_word_tokenizer


@MODELS.register_module()
class HFTextEncoder(nn.Module):
    """A text encoder of transformers; last hidden state → Linear → LayerNorm → Dropout.

    Exactly one of `name_or_path` and `config` describes the network.

    Args:
        name_or_path: Folder in Hugging Face format, or a name on the hub such as `'roberta-base'`.
        config: Arguments of a transformers config with its `model_type`, for random weights:
            `dict(model_type='roberta', num_hidden_layers=2)`.
        pretrained: Whether the weights of `name_or_path` are loaded; without, only its config and tokenizer are.
        tokenizer: Folder or hub name of the tokenizer; `name_or_path` by default. Without any, samples must carry
            `input_ids`.
        vocabulary: Words of a whole-word tokenizer, in place of `tokenizer`.
        embed_dims: Channels of the tokens handed out.
        dropout: Dropout behind the projection.
        lowercase: Whether sentences are lower-cased first, as the published system does.
        with_cp: Recompute activations in the backward pass to save memory.

    Raises:
        ValueError: Not exactly one of `name_or_path` and `config`, both kinds of tokenizer, or a vocabulary for
            pretrained weights.
        FileNotFoundError: `name_or_path` or `tokenizer` is neither a folder nor can be fetched.
    """

    def __init__(
        self,
        name_or_path: str | None = None,
        config: dict | None = None,
        pretrained: bool = True,
        tokenizer: str | None = None,
        vocabulary: Sequence[str] | None = None,
        embed_dims: int = 256,
        dropout: float = 0.1,
        lowercase: bool = True,
        with_cp: bool = False,
    ):
        super().__init__()
        if (name_or_path is None) == (config is None):
            raise ValueError(
                f'A text encoder takes either name_or_path or config, got name_or_path={name_or_path!r} and '
                f'config={config!r}. To replace an inherited one, set it to None, and an inherited vocabulary, too.'
            )
        if name_or_path is not None and pretrained and vocabulary is not None:
            raise ValueError(
                f'{name_or_path} was trained with a tokenizer of its own, whose ids a vocabulary does not give; set '
                'vocabulary=None, or pretrained=False for random weights.'
            )
        if tokenizer is not None and vocabulary is not None:
            raise ValueError('A text encoder takes either a tokenizer or a vocabulary, got both; set one to None.')
        self.embed_dims = embed_dims
        # In float32 also where a checkpoint is stored in half precision; autocast is for what trains.
        self.body = _build_body(name_or_path, config, pretrained).float()
        if getattr(self.body, 'pooler', None) is not None:
            self.body.pooler = None  # its output would be unused
        if with_cp:
            self.body.gradient_checkpointing_enable(dict(use_reentrant=False))
        self.tokenizer = build_word_tokenizer(list(vocabulary)) if vocabulary is not None else None
        if vocabulary is None and (tokenizer or name_or_path):
            self.tokenizer = _from_hub(AutoTokenizer, tokenizer or name_or_path)
        self.lowercase = lowercase
        self.max_tokens = _max_tokens(self.body)
        self.takes_ready_mask = _takes_ready_mask(self.body)
        self.proj = nn.Linear(self.body.config.hidden_size, embed_dims)
        self.norm = nn.LayerNorm(embed_dims, eps=1e-12)
        self.dropout = nn.Dropout(dropout)

    def forward(self, texts: Sequence[str | Tensor]) -> tuple[Tensor, Tensor]:
        """Tokens of sentences.

        Args:
            texts: A sentence for each video, or its token ids (1-D int64, special tokens included), which are taken as
                they are.

        Returns:
            Tokens `(B, L, D)` and their mask, bool `(B, L)`, True where padded.

        Raises:
            ValueError: A sentence is empty, there is no tokenizer for it, or ids are outside the vocabulary's size.
        """
        device = self.proj.weight.device
        ids = [self._ids(text) for text in texts]
        lengths = [len(x) for x in ids]
        pad_id = self.body.config.pad_token_id or 0
        input_ids = pad_sequence(ids, batch_first=True, padding_value=pad_id)  # B L
        mask = torch.arange(input_ids.shape[1]) >= torch.tensor(lengths)[:, None]
        input_ids, mask = input_ids.to(device, non_blocking=True), mask.to(device, non_blocking=True)
        seen = self._attention_mask(mask) if min(lengths) < max(lengths) else None
        hidden = self.body(input_ids=input_ids, attention_mask=seen).last_hidden_state
        return self.dropout(self.norm(self.proj(hidden))), mask

    def _attention_mask(self, mask: Tensor) -> Tensor:
        if self.takes_ready_mask:
            return (~mask)[:, None, None].expand(-1, -1, mask.shape[1], -1)  # B 1 L L
        return (~mask).long()

    def _ids(self, text: str | Tensor) -> Tensor:
        """Token ids of one sentence on the CPU."""
        ids = text.tolist() if isinstance(text, Tensor) else self._tokenize(text)
        size = self.body.get_input_embeddings().num_embeddings
        unknown = [i for i in ids if not 0 <= i < size]
        if unknown:
            raise ValueError(
                f'The token ids {unknown} are not in the vocabulary of the text encoder, which has {size}: they are '
                'of the tokenizer of another network.'
            )
        return torch.tensor(ids)

    def _tokenize(self, text: str) -> list[int]:
        """Token ids of a sentence; one that is too long is cut, with a warning."""
        if not text.strip():
            raise ValueError(f'A sentence is empty: {text!r}. Say what to look for.')
        if self.tokenizer is None:
            raise ValueError(
                'This text encoder has no tokenizer: set tokenizer or vocabulary, or give the samples input_ids.'
            )
        ids = self.tokenizer(text.lower() if self.lowercase else text)['input_ids']
        if self.max_tokens is not None and len(ids) > self.max_tokens:
            print_log(
                f'A sentence has {len(ids)} tokens, the text encoder takes {self.max_tokens}; its end is cut: '
                f'{text[:60]!r}…',
                logger='current',
                level=logging.WARNING,
            )
            ids = [*ids[: self.max_tokens - 1], ids[-1]]
        return ids


def _takes_ready_mask(body: PreTrainedModel) -> bool:
    """Whether the body passes a 4-D mask on as it is; into a 2-D one it looks first, which waits for the device."""
    makes_mask = hasattr(sys.modules[type(body).__module__], 'create_bidirectional_mask')
    return makes_mask and body.config._attn_implementation == 'sdpa'


def _build_body(name_or_path: str | None, config: dict | None, pretrained: bool) -> PreTrainedModel:
    if config is not None:
        settings = copy.deepcopy(dict(config))
        if 'model_type' not in settings:
            raise ValueError(f"A text encoder's config needs a model_type such as 'roberta', got {sorted(settings)}.")
        settings = AutoConfig.for_model(settings.pop('model_type'), **settings)
        return AutoModel.from_config(_text_part(settings))
    settings = _text_part(_from_hub(AutoConfig, name_or_path))
    return _from_hub(AutoModel, name_or_path, settings) if pretrained else AutoModel.from_config(settings)


def _text_part(config: PretrainedConfig) -> PretrainedConfig:
    """The text half of a config for images and text, such as CLIP's; any other as it is."""
    return getattr(config, 'text_config', config)


def _from_hub(loader: Any, name_or_path: str | None, config: PretrainedConfig | None = None):
    try:
        if config is None:
            return loader.from_pretrained(name_or_path)
        return loader.from_pretrained(name_or_path, config=config)
    except (OSError, ValueError) as error:
        raise FileNotFoundError(
            f'No text encoder or tokenizer at {name_or_path!r}: it is no folder in Hugging Face format, and the hub '
            'did not give it. Without a network, fetch the folder elsewhere and set name_or_path to it.'
        ) from error


def _max_tokens(body: PreTrainedModel) -> int | None:
    """How many tokens the position embedding takes; RoBERTa's numbers positions from behind the padding index."""
    for name, module in body.named_modules():
        if isinstance(module, nn.Embedding) and name.endswith(('position_embeddings', 'position_embedding')):
            return module.num_embeddings - (0 if module.padding_idx is None else module.padding_idx + 1)
    return None
