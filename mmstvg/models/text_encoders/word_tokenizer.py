"""A tokenizer of whole words, for small vocabularies."""

from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

SPECIAL_TOKENS = ('<s>', '<pad>', '</s>', '<unk>')


def build_word_tokenizer(words: list[str]) -> PreTrainedTokenizerFast:
    """A tokenizer that knows just these words, with RoBERTa's special tokens `<s> … </s>` (ids 0, 1, 2; unknown 3).

    Args:
        words: The vocabulary in lower case; ids count from 4 in this order.

    Raises:
        ValueError: A word occurs twice or is empty.
    """
    wrong = sorted({word for word in words if not word or words.count(word) > 1})
    if wrong:
        raise ValueError(f'A vocabulary needs distinct words, none of them empty; got these empty or twice: {wrong}.')
    vocab = {word: i for i, word in enumerate([*SPECIAL_TOKENS, *words])}
    tokenizer = Tokenizer(models.WordLevel(vocab, unk_token='<unk>'))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single='<s> $A </s>', special_tokens=[('<s>', 0), ('</s>', 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token='<s>', eos_token='</s>', pad_token='<pad>', unk_token='<unk>'
    )
