"""The documents hold: their site builds, their commands, configs and programs run, the files that they name exist."""

import argparse
import ast
import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from toy_files import make_toy_test_set, save_toy_checkpoint

from mmstvg import registry
from mmstvg.evaluation import prediction_record, write_predictions
from mmstvg.evaluation.offline import load_items
from mmstvg.utils.config import load_config

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', *sorted((ROOT / 'docs').glob('*.md'))]
# tests/test_own_project.py runs this one, the others hold the text of files above.
RUN_PAGES = [page for page in PAGES if page.name not in ('own_project.md', 'changelog.md', 'contributing.md')]
# What `make quickstart` ends with: pages that name the checkpoint of another number of epochs fail.
LAST_CHECKPOINT = f'epoch_{load_config(ROOT / "configs/cgstvg_toy.py").train_cfg.max_epochs}.pth'
PLACEHOLDERS = {
    'VIDEO': 'data/toy/v1_video/toy_test_00000.mp4',
    'CHECKPOINT': f'work_dirs/cgstvg_toy/{LAST_CHECKPOINT}',
}

# Commands that are not run here, by how they begin: what they need, and the test of what stands behind them. Their
# arguments and configs are checked nevertheless.
NOT_RUN = {
    'make': ('minutes', 'tests/tools/test_train.py'),
    'source': ('a shell', None),
    'pip': ('a network', None),
    'pre-commit': ('a network', None),
    'tensorboard': ('a server', 'tests/engine/test_tensorboard.py'),
    '.venv/bin/': ('this environment in its place', None),
    'tools/dist_train.sh': ('GPUs', 'tests/tools/test_train.py'),
    'tools/dist_test.sh': ('GPUs', 'tests/tools/test_train.py'),
    'tools/slurm_train.sh': ('a cluster', 'tests/tools/test_train.py'),
    'tools/slurm_test.sh': ('a cluster', 'tests/tools/test_train.py'),
    'python tools/train.py': ('minutes', 'tests/tools/test_train.py'),
    'python tools/test.py configs/cgstvg_hcstvg': ('the data', 'tests/tools/test_train.py'),
    'python tools/test.py configs/cgstvg_vidstg': ('the data', 'tests/tools/test_train.py'),
    'python tools/test.py configs/my_toy.py': ('a training', 'tests/tools/test_train.py'),
    'python tools/dataset_tools/make_toy_dataset.py': ('minutes', 'tests/tools/test_make_toy_dataset.py'),
    'python tools/dataset_tools/check_dataset.py configs/cgstvg': ('the data', 'tests/tools/test_check_dataset.py'),
    'python tools/dataset_tools/merge_vidstg.py': ('the data', 'tests/tools/test_merge_vidstg.py'),
    'python tools/dataset_tools/transcode_videos.py': ('the data', 'tests/tools/test_transcode_videos.py'),
    'python tools/model_converters/init_from_mdetr.py': ('weights', 'tests/tools/test_init_from_mdetr.py'),
    'python tools/model_converters/cgstvg_to_mmstvg.py': ('weights', 'tests/tools/test_cgstvg_to_mmstvg.py'),
    'python tools/analysis_tools/benchmark.py configs/cgstvg_hcstvg.py': ('a GPU', 'tests/tools/test_benchmark.py'),
    'python tools/analysis_tools/benchmark.py configs/cgstvg_toy.py --loading': (
        'more videos',
        'tests/tools/test_benchmark.py',
    ),
    'python demo/webui.py': ('a server', 'tests/demo/test_webui.py'),
}


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    text: str
    is_marked: bool  # by `<!-- run -->` in front of it
    saved_as: str | None  # what the text before it says: save this as ...


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text()
    blocks, end = [], 0
    for match in re.finditer(r'^(<!-- run -->\n)?```(\w*)[^\n]*\n(.*?)^```', text, re.MULTILINE | re.DOTALL):
        saved = re.findall(r'Save (?:this|it) as `([^`]+)`', text[end : match.start()])
        blocks.append(Block(match[2], match[3], match[1] is not None, saved[-1] if saved else None))
        end = match.end()
    return blocks


def commands_of(text: str) -> list[list[str]]:
    """Words of each command of a shell block."""
    lines = text.replace('\\\n', ' ').splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


COMMANDS = sorted(
    {tuple(words) for page in PAGES for b in blocks_of(page) if b.language == 'shell' for words in commands_of(b.text)}
)


def without_variables(words: tuple[str, ...]) -> tuple[str, ...]:
    """A command without the `NAME=value` in front of it."""
    first = next(i for i, word in enumerate(words) if not re.match(r'[A-Z_]+=', word))
    return words[first:]


def reason_not_to_run(words: tuple[str, ...]) -> str | None:
    command = ' '.join(without_variables(words))
    return next((begin for begin in NOT_RUN if command.startswith(begin)), None)


@pytest.fixture(scope='module')
def reader_files(tmp_path_factory) -> Path:
    """What lies in the checkout of somebody who has run `make quickstart`, with fewer videos."""
    folder = tmp_path_factory.mktemp('reader')
    shutil.copytree(ROOT / 'configs', folder / 'configs', ignore=shutil.ignore_patterns('__pycache__'))
    for name in ('tools', 'demo'):
        (folder / name).symlink_to(ROOT / name)
    toy = folder / 'configs/_base_/datasets/toy.py'  # data workers take seconds to start and end
    toy.write_text(
        toy.read_text().replace('num_workers = 1', 'num_workers = 0').replace('workers=True', 'workers=False')
    )
    make_toy_test_set(folder / 'data/toy', count=2)
    annotations = folder / 'data/toy/annos/hcstvg_v1'
    shutil.copy(annotations / 'test.json', annotations / 'train.json')
    (folder / 'data/own/videos').mkdir(parents=True)
    shutil.copy(folder / PLACEHOLDERS['VIDEO'], folder / 'data/own/videos/kitchen_01.mp4')
    run = folder / 'work_dirs/cgstvg_toy'
    (run / '20260101_000000/vis_data').mkdir(parents=True)
    (run / '20260101_000000/vis_data/scalars.json').write_text('{"loss": 1.0, "iter": 1}\n{"loss": 0.5, "iter": 2}\n')
    save_toy_checkpoint(run / LAST_CHECKPOINT, folder / 'data/toy')
    items = load_items(annotations / 'test.json')
    records = [prediction_record(i['gt_tube'], i['item_id'], i['video_id'], i['text'], 10, 0.5) for i in items]
    write_predictions(run / 'predictions.json', records)
    return folder


@pytest.fixture
def reader(reader_files, tmp_path, monkeypatch) -> Path:
    folder = tmp_path / 'mmstvg'
    shutil.copytree(reader_files, folder, symlinks=True)
    monkeypatch.chdir(folder)
    for place in ('mmengine.config.config', 'yapf.yapflib.yapf_api'):  # seconds a Runner; the forks import it late
        monkeypatch.setattr(f'{place}.FormatCode', lambda text, **_: (text, True), raising=False)
    return folder


@pytest.mark.parametrize('page', RUN_PAGES, ids=lambda page: page.stem)
def test_page_runs(page, reader, monkeypatch):
    """Commands, configs and programs of a page, from its top to its end."""
    for number, block in enumerate(blocks_of(page)):
        if block.language == 'python' and '_base_ = ' in block.text:
            path = reader / (block.saved_as or f'configs/block_{number}.py')
            path.write_text(block.text)
            load_config(path)
        elif block.is_marked:
            exec(compile(block.text, f'{page.name}, block {number}', 'exec'), {'__name__': 'docs'})
        elif block.language == 'python':
            ast.parse(block.text)
        elif block.language == 'shell':
            for words in commands_of(block.text):
                if reason_not_to_run(tuple(words)) is None:
                    run_command([PLACEHOLDERS.get(word, word) for word in words], monkeypatch)


def run_command(words: list[str], monkeypatch) -> None:
    """Run `python SCRIPT ...` or `python -c ...` in this process."""
    assert words[0] == 'python', f'{words} is neither run nor in NOT_RUN'
    if words[1] == '-c':
        exec(words[2], {})
        return
    monkeypatch.setattr(sys, 'argv', words[1:])
    try:
        runpy.run_path(words[1], run_name='__main__')
    except SystemExit as end:
        assert not end.code, words


class ParsedError(Exception):
    """Carries the arguments of a script out of it."""


@pytest.mark.parametrize('words', [c for c in COMMANDS if reason_not_to_run(c)], ids=' '.join)
def test_command_that_is_not_run_has_known_arguments(words, monkeypatch):
    begin = reason_not_to_run(words)
    test = NOT_RUN[begin][1]
    assert test is None or (ROOT / test).is_file()
    command = without_variables(words)
    if command[0] == 'make':
        subprocess.run(['make', '-n', *command[1:]], cwd=ROOT, check=True, capture_output=True)
    elif command[0].endswith('.sh'):
        source = (ROOT / 'tools/launch.sh').read_text() + (ROOT / command[0]).read_text()
        assert all(word.split('=')[0] in source for word in words[: -len(command)])
        script, arguments = arguments_behind_launcher(*command)
        check_arguments([script, *arguments], monkeypatch)
    elif command[0] == 'python':
        check_arguments(list(command[1:]), monkeypatch)


def arguments_behind_launcher(launcher: str, *arguments: str) -> tuple[str, list[str]]:
    """The script behind a launcher and its arguments."""
    kind, name = Path(launcher).stem.split('_')
    if kind == 'slurm':  # PARTITION JOB in front
        return f'tools/{name}.py', list(arguments[2:])
    place = {'train': 1, 'test': 2}[name]
    assert int(arguments[place]) > 0
    return f'tools/{name}.py', [*arguments[:place], *arguments[place + 1 :]]


def check_arguments(words: list[str], monkeypatch) -> None:
    """The script takes them; its config is there and has the keys that are set."""
    parse_args = argparse.ArgumentParser.parse_args

    def parse_and_stop(parser, *args, **kwargs):
        raise ParsedError(parse_args(parser, *args, **kwargs))

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, 'argv', words)
    monkeypatch.setattr(argparse.ArgumentParser, 'parse_args', parse_and_stop)
    with pytest.raises(ParsedError) as parsed:
        runpy.run_path(words[0], run_name='__main__')
    arguments = parsed.value.args[0]
    config = getattr(arguments, 'config', None)
    if config is not None and str(config) not in saved_by_reader():
        options = getattr(arguments, 'cfg_options', None) or {}
        cfg = load_config(config, options)
        plain = load_config(config)
        for key in options:
            *path, last = key.split('.')
            parent = plain
            for name in path:
                parent = parent[name]
            assert last in parent, f'{key} is no key of {config}'
        assert cfg.default_scope == 'mmstvg'


def saved_by_reader() -> set[str]:
    return {block.saved_as for page in PAGES for block in blocks_of(page)} - {None}


def test_no_reason_is_left_over():
    used = {reason_not_to_run(command) for command in COMMANDS}
    assert set(NOT_RUN) - used == set()


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.stem)
def test_named_files_exist(page):
    text = re.sub(r'^```.*?^```', '', page.read_text(), flags=re.MULTILINE | re.DOTALL)
    folders = 'configs|demo|docs|mmstvg|requirements|tests|tools'
    named = {name for code in re.findall(r'`([^`\n]+)`', text) for name in re.findall(rf'^(?:{folders})/\S*', code)}
    named |= {code.split()[0] for code in re.findall(r'`((?:python )?tools/[^`\n]+)`', text)} - {'python'}
    for name in named - saved_by_reader():
        for path in expand_braces(name):
            assert list(ROOT.glob(path.rstrip('/'))), f'{path} does not exist'
    links = re.findall(r'\]\(([^)#]+)(?:#[^)]*)?\)', text)
    for link in links:
        assert link.startswith('https://') or (page.parent / link).exists(), f'{link} leads nowhere'


def expand_braces(name: str) -> list[str]:
    match = re.search(r'{([^}]*)}', name)
    if match is None:
        return [name]
    return [path for part in match[1].split(',') for path in expand_braces(name.replace(match[0], part, 1))]


def test_versions_are_those_that_are_pinned():
    pinned = (ROOT / 'requirements/constraints.txt').read_text()
    ranges = {}
    for name in ('runtime', 'optional'):
        for line in (ROOT / f'requirements/{name}.txt').read_text().split('\n'):
            if match := re.match(r'([\w-]+)([^;]*)', line):
                ranges[match[1]] = match[2].strip() or 'any'
    rows = re.findall(
        r'^\| ([\w-]+) \| (\S+) \| ([\d.]+) \| (.+) \|$', (ROOT / 'docs/install.md').read_text(), re.MULTILINE
    )
    assert len(rows) > 8
    for package, allowed, version, old_version in rows:
        assert allowed == ranges[package]
        lines = [f'{package}=={version}', f'{package}=={version}; python_version >= "3.11"']
        assert any(line in pinned.splitlines() for line in lines), package
        if old_version != 'the same':
            assert f'{package}=={old_version}; python_version < "3.11"' in pinned


def test_metafile_lists_all_models():
    models = yaml.safe_load((ROOT / 'configs/metafile.yml').read_text())['Models']
    assert sorted(ROOT / model['Config'] for model in models) == sorted((ROOT / 'configs').glob('*.py'))
    for model in models:
        config = load_config(ROOT / model['Config'])
        assert model['Name'] == Path(model['Config']).stem
        assert model['Metadata']['Epochs'] == config.train_cfg.max_epochs
        total = (
            2 * config.train_dataloader.batch_size if 'toy' in model['Name'] else config.auto_scale_lr.base_batch_size
        )
        assert model['Metadata']['Batch Size'] == total


def test_site_builds(tmp_path):
    pytest.importorskip('mkdocs')
    command = [sys.executable, '-m', 'mkdocs', 'build', '--strict', '--site-dir', tmp_path]
    environment = {**os.environ, 'NO_MKDOCS_2_WARNING': '1'}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    assert 'WARNING' not in built.stderr
    pages = {path: path.read_text() for path in tmp_path.rglob('*.html')}
    for path, html in pages.items():
        fetched = re.findall(r'<(?:script|img|link|iframe)[^>]+(?:src|href)="?(https?:[^" >]+)', html)
        assert fetched == [], f'{path} fetches from the net'
    reference = ''.join(html for path, html in pages.items() if path.parent.name == 'api')
    for name in ('MODELS', 'DATASETS', 'TRANSFORMS', 'METRICS', 'HOOKS', 'PARAM_SCHEDULERS', 'VISUALIZERS', 'LOOPS'):
        getattr(registry, name).import_from_location()
        for cls in getattr(registry, name).module_dict.values():
            if cls.__module__.startswith('mmstvg.'):
                assert f'.{cls.__name__}"' in reference, f'{cls.__name__} is not in the reference'
    assert json.loads((tmp_path / 'search/search_index.json').read_text())['docs']
