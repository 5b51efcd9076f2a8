"""Turn a predictions file into the format that the HC-STVG challenge reads.

python tools/dataset_tools/export_hcstvg.py PREDICTIONS.json SUBMISSION.json

Frames count from 1 there, and both ends of an event belong to it.
"""

import argparse
import json
from pathlib import Path

from mmstvg.datasets.hcstvg_export import to_hcstvg_format
from mmstvg.evaluation import read_predictions
from mmstvg.utils.atomic_file import write_text_atomically


def main() -> None:
    """Convert."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('predictions', type=Path, help='what tools/test.py --out wrote')
    parser.add_argument('out', type=Path)
    args = parser.parse_args()
    exported = to_hcstvg_format(read_predictions(args.predictions).values())
    write_text_atomically(args.out, json.dumps(exported))
    print(f'Wrote {len(exported)} predictions to {args.out}.')


if __name__ == '__main__':
    main()
