"""The project of docs/own_project.md, run from a folder of its own."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from toy_files import make_toy_test_set

ROOT = Path(__file__).parents[1]


def write_csv(path: Path, annotations: dict) -> None:
    """HC-STVG's format as the page's: a line a box."""
    with open(path, 'w', newline='') as file:
        for name, item in annotations.items():
            for i, (x, y, w, h) in enumerate(item['bbox']):
                frame = item['st_frame'] - 1 + i
                csv.writer(file).writerow([name, item['caption'], frame, x, y, x + w, y + h])


def test_project_of_the_page_trains_and_tests(tmp_path):
    page = (ROOT / 'docs/own_project.md').read_text()
    project, data = tmp_path / 'my_project', tmp_path / 'toy'
    (project / 'data').mkdir(parents=True)
    for name, content in re.findall(r'```python title="(\S+)"\n(.*?)```', page, re.DOTALL):
        (project / name).write_text(content)
    make_toy_test_set(data, count=2)
    annotations = json.loads((data / 'annos/hcstvg_v1/test.json').read_text())
    write_csv(project / 'data/train.csv', annotations)
    write_csv(project / 'data/test.csv', annotations)
    (project / 'data/videos').symlink_to(data / 'v1_video')
    (tmp_path / 'mmstvg').symlink_to(ROOT)

    (commands,) = re.findall(r'```shell\n(.*?)```', page, re.DOTALL)
    environment = {**os.environ, 'PATH': f'{Path(sys.executable).parent}:{os.environ["PATH"]}'}
    done = subprocess.run(
        ['bash', '-ec', commands], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r'Epoch\(test\) \[2/2\].*m_vIoU: .*start_error: \d', done.stdout)
    assert len(json.loads((project / 'predictions.json').read_text())) == 2
