"""Items of a training whose video cannot be read."""

import logging
from collections import Counter

from mmengine.dist import all_gather_object

_SHOWN = 20  # items of a report


class SkippedItems:
    """Takes unreadable items (`on_broken_video='skip'`) out of batches and reports how many there were and why."""

    def __init__(self):
        self._found: dict[int, tuple[str, str]] = {}  # reason and video by item id
        self._reported = 0

    def take_out(self, batch: dict) -> dict | None:
        """The batch (lists, as `pseudo_collate` makes them) of the readable items; None if there are none."""
        kept = [place for place, clip in enumerate(batch['inputs']) if clip is not None]
        if len(kept) == len(batch['inputs']):
            return batch
        for clip, sample in zip(batch['inputs'], batch['data_samples'], strict=True):
            if clip is None:
                self._found[sample.item_id] = (sample.broken, sample.video_path)
        return {key: [values[place] for place in kept] for key, values in batch.items()} if kept else None

    def report(self, logger: logging.Logger):
        """Log the items that were taken out on any process, if there are more of them than in the last report.

        All processes have to call it.
        """
        everything = {item: found for part in all_gather_object(self._found) for item, found in part.items()}
        if len(everything) == self._reported:
            return
        self._reported = len(everything)
        counts = Counter(reason for reason, _ in everything.values())
        reasons = ', '.join(f'{reason}: {count}' for reason, count in sorted(counts.items()))
        lines = [f'  item {item} ({path}): {reason}' for item, (reason, path) in sorted(everything.items())]
        if len(lines) > _SHOWN:
            lines[_SHOWN:] = [f'  ... and {len(lines) - _SHOWN} more']
        text = '\n'.join(lines)
        logger.warning(f'{len(everything)} items are left out, for their videos cannot be read ({reasons}):\n{text}')
