from collections import Counter

import pytest
from mmengine.dataset import BaseDataset

from mmstvg.utils.shuffle_texts import shuffle_texts


class Texts(BaseDataset):
    """Items of the given sentences."""

    def __init__(self, texts):
        self.texts = texts
        super().__init__()

    def load_data_list(self):
        return [dict(item_id=i, text=text) for i, text in enumerate(self.texts)]


def texts_of(dataset):
    return [dataset.get_data_info(i)['text'] for i in range(len(dataset))]


@pytest.mark.parametrize('texts', [list('abcdefg'), list('aabbc'), list('aaabbb'), list('ab')])
@pytest.mark.parametrize('seed', range(5))
def test_each_item_gets_another_sentence(texts, seed):
    dataset = Texts(texts)
    shuffle_texts(dataset, seed)
    new = texts_of(dataset)
    assert all(one != other for one, other in zip(texts, new, strict=True))
    assert Counter(new) == Counter(texts)
    assert [dataset.get_data_info(i)['item_id'] for i in range(len(dataset))] == list(range(len(texts)))


def test_the_seed_decides():
    results = set()
    for seed in (0, 0, 1, 2):
        dataset = Texts(list('abcdefgh'))
        shuffle_texts(dataset, seed)
        results.add(''.join(texts_of(dataset)))
    assert len(results) == 3


def test_too_many_equal_sentences():
    with pytest.raises(ValueError, match=r"3 of 5 items have the sentence 'a'"):
        shuffle_texts(Texts(list('aaabc')), 0)
