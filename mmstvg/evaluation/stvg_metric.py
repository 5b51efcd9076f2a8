"""The metric of spatio-temporal video grounding."""

import logging
from collections import Counter
from collections.abc import Sequence

from mmengine.dist import all_gather_object, broadcast_object_list, is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mmstvg.registry import METRICS

from .predictions_file import prediction_record, write_predictions
from .score_table import average_scores, format_table
from .tube_iou import TubeScore, check_convention, score_tube


@METRICS.register_module()
class STVGMetric(BaseMetric):
    """m_tIoU, m_vIoU, m_gt_vIoU, and the shares of items above vIoU and gt_vIoU of 0.3 and 0.5.

    The formulas are in `tube_iou`. Where items have kinds of sentences (VidSTG), each kind's averages come too, under
    names such as `declar/m_vIoU`.

    Each item counts once, however often a sampler that pads repeats it. An item without a predicted tube, because its
    video or annotation is broken or because it never came, counts 0 and is reported. An item without ground truth is
    written to `out_file` but not scored.

    Args:
        convention: `'published'` or `'inclusive'`, see `tube_iou`.
        out_file: Write the predictions here (JSON, see `predictions_file`), in the order of item ids. Items without a
            predicted tube are absent there.
        prefix: Put in front of the names, with a slash.

    Attributes:
        item_scores: After `evaluate`, on the main process: one dictionary a scored item with `item_id, video_id, text,
            qtype, tiou, viou, gt_viou, miss`; `miss` says why there is no predicted tube, None where there is one.

    Raises:
        ValueError: There is no such convention.
    """

    default_prefix = ''

    def __init__(self, convention: str = 'published', out_file: str | None = None, prefix: str | None = None):
        check_convention(convention)
        super().__init__(prefix=prefix)
        self.convention = convention
        self.out_file = out_file
        self.item_scores: list[dict] = []

    def process(self, data_batch, data_samples: Sequence[dict]):
        """Score the items of one batch.

        Args:
            data_batch: Not used.
            data_samples: `STVGDataSample.to_dict()` of each item, with `pred_tube`, `score`, and `gt_tube` where known.
        """
        self.results.extend(self._result(sample) for sample in data_samples)

    def _result(self, sample: dict) -> dict:
        pred, gt = sample.get('pred_tube'), sample.get('gt_tube')
        result = {key: sample.get(key) for key in ('item_id', 'video_id', 'text', 'qtype', 'fps')}
        result.update(pred_tube=pred, has_truth=gt is not None, tube_score=None, miss=None, boxless=0)
        if pred is None:
            result['miss'] = sample.get('broken') or 'no prediction'
        else:
            result['score'] = float(sample['score']) if 'score' in sample else None
        if gt is not None:
            result['boxless'] = len(gt) - int(gt.contains(gt.frame_ids).sum())
        if pred is not None and gt is not None:
            result['tube_score'] = score_tube(pred, gt, self.convention)
        elif gt is not None or sample.get('broken'):
            result['tube_score'] = TubeScore(0, 0, 0)
        return result

    def evaluate(self, size: int) -> dict:
        """Averages over all items of all processes.

        Args:
            size: Number of items in the data set. Those that no process has seen count 0.

        Returns:
            Names to values in [0, 1]; empty where no item has ground truth.
        """
        parts = all_gather_object(self.results)
        metrics: list[dict] = [{}]
        if is_main_process():
            # Not mmengine's collect_results: it cuts the lists of all processes to the shortest.
            unique = {result['item_id']: result for part in parts for result in part}
            results = [unique[item_id] for item_id in sorted(unique)]
            results += [self._result({'broken': 'not tested'}) for _ in range(size - len(results))]
            averages = self.compute_metrics(results)
            metrics = [{f'{self.prefix}/{k}' if self.prefix else k: v for k, v in averages.items()}]
        broadcast_object_list(metrics)
        self.results.clear()
        return metrics[0]

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Averages of what `process` made, one result an item. Logs the table and writes `out_file`."""
        if self.out_file is not None:
            self._write(results, self.out_file)
        self._report(results)
        scored = [result for result in results if result['tube_score'] is not None]
        self.item_scores = [self._item_score(result) for result in scored]
        if not any(result['has_truth'] for result in results):
            return {}
        rows = {'all': [result['tube_score'] for result in scored]}
        for kind in sorted({result['qtype'] for result in scored if result['qtype'] is not None}):
            rows[kind] = [result['tube_score'] for result in scored if result['qtype'] == kind]
        self._log(f'{self.convention} convention, in percent:\n{format_table(rows)}')
        metrics = average_scores(rows.pop('all'))
        for kind, scores in rows.items():
            metrics.update({f'{kind}/{name}': value for name, value in average_scores(scores).items()})
        return metrics

    def _write(self, results: list[dict], out_file: str):
        keys = ('item_id', 'video_id', 'text', 'fps', 'score')
        predicted = [result for result in results if result['pred_tube'] is not None]
        records = (prediction_record(result['pred_tube'], *(result[key] for key in keys)) for result in predicted)
        write_predictions(out_file, records)
        self._log(f'Wrote {len(predicted)} predictions to {out_file}.')

    def _report(self, results: list[dict]):
        misses = Counter(result['miss'] for result in results if result['miss'] is not None)
        if misses:
            reasons = ', '.join(f'{reason}: {count}' for reason, count in sorted(misses.items()))
            text = f'{misses.total()} of {len(results)} items have no predicted tube and count 0 ({reasons}).'
            self._log(text, logging.WARNING)
        unscored = sum(result['tube_score'] is None for result in results)
        if unscored:
            self._log(f'{unscored} of {len(results)} items have no ground truth and are not scored.')
        boxless = sum(result['boxless'] for result in results)
        if boxless:
            self._log(f'{boxless} annotated frames have no annotated box; none can overlap there.', logging.WARNING)

    @staticmethod
    def _item_score(result: dict) -> dict:
        kept = {key: result[key] for key in ('item_id', 'video_id', 'text', 'qtype', 'miss')}
        return {**kept, **result['tube_score']._asdict()}

    @staticmethod
    def _log(message: str, level: int = logging.INFO):
        print_log(message, logger='current', level=level)
