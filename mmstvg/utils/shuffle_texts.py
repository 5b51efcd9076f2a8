"""Does a model read the sentence? Exchange the sentences of a data set and see its score fall."""

import random
from collections import Counter

from mmengine.dataset import BaseDataset


def shuffle_texts(dataset: BaseDataset, seed: int) -> None:
    """Give each item of a data set the sentence of another item, always a different one.

    Sentences stay as often in the data set as they were, so only what they say about their video is lost.

    Args:
        dataset: A data set of items with a `text`; it is changed.
        seed: Decides who gets which.

    Raises:
        ValueError: More than half of the items have the same sentence, so some would keep theirs.
    """
    items = [dataset.get_data_info(index) for index in range(len(dataset))]
    texts = [item['text'] for item in items]
    sentence, most = Counter(texts).most_common(1)[0]
    if most > len(items) / 2:
        raise ValueError(
            f"{most} of {len(items)} items have the sentence '{sentence}'; they cannot all get another one."
        )
    chance = random.Random(seed)
    order = chance.sample(range(len(items)), len(items))
    sentences = sorted(set(texts))
    rank = dict(zip(sentences, chance.sample(range(len(sentences)), len(sentences)), strict=True))
    order.sort(key=lambda index: rank[texts[index]])  # equal sentences side by side: moving on by `most` leaves them
    for place, index in enumerate(order):
        items[index]['text'] = texts[order[(place + most) % len(items)]]
    dataset.data_list = items
    dataset.serialize_data = False  # from now on it reads the list, not the packed bytes
