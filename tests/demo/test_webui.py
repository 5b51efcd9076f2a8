"""demo/webui.py: its answers and limits, the server, and the page in a real browser."""

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from browser import open_browser
from PIL import Image
from toy_files import cut_file, make_toy_test_set, save_toy_checkpoint, write_no_frames, write_red_square

from mmstvg.apis import STVGInferencer
from mmstvg.datasets import open_video
from mmstvg.structures import Tube
from mmstvg.visualization import TubeScene

SCRIPT = Path(__file__).parents[2] / 'demo' / 'webui.py'
TEXT = 'the red triangle moves down'
LIMITS = dict(megabytes=0.5, minutes=0.5, characters=500, pixels=640)


@pytest.fixture(scope='module')
def webui():
    spec = importlib.util.spec_from_file_location('webui', SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules['webui'] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def toy(tmp_path_factory):
    root = tmp_path_factory.mktemp('toy')
    videos = [path for path, _ in make_toy_test_set(root, 2)]
    return videos, save_toy_checkpoint(root / 'toy.pth', root)


@pytest.fixture(scope='module')
def answerer(webui, toy):
    return webui.Answerer(STVGInferencer(weights=toy[1], device='cpu'), webui.Limits(**LIMITS))


def expected_answer(answerer, video):
    (prediction,) = answerer.inferencer(video, TEXT, show_progress=False)['predictions']
    return prediction


def comparable(prediction):
    """What does not depend on where the video lies and what it is called."""
    return {name: value for name, value in prediction.items() if name not in ('video_id', 'video_path')}


def row_of(prediction):
    (start, end), (first, stop) = prediction['span_seconds'], prediction['span']
    return [f'{start:.2f}', f'{end:.2f}', f'{first}–{stop - 1}', f'{prediction["score"]:.2f}', prediction['text']]


def refuse_to_warn(message):
    raise AssertionError(message)


def test_answer(answerer, toy, tmp_path):
    told = []
    row, *files = answerer.answer(
        str(toy[0][0]), TEXT, tmp_path, lambda share, what: told.append((share, what)), refuse_to_warn
    )
    expected = expected_answer(answerer, toy[0][0])
    assert row == row_of(expected)
    mp4, png, data = map(Path, files)
    with open_video(str(mp4)) as video:
        assert video.frame_count == expected['frame_count']
    with Image.open(png) as image:
        assert image.width == 1200
    assert [comparable(p) for p in json.loads(data.read_text())] == [comparable(expected)]
    assert str(toy[0][0].parent) not in data.read_text()
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert {what for _, what in told} == {'looking', 'drawing'}
    assert 0.9 < shares[-1] <= 1


def test_cut_video_is_answered_with_a_warning(answerer, toy, tmp_path):
    warnings = []
    cut = cut_file(toy[0][0], tmp_path / 'cut.mp4')
    with pytest.warns(UserWarning, match='cut short'):  # for the log of the server
        answerer.answer(str(cut), TEXT, tmp_path, lambda share, what: None, warnings.append)
    (warning,) = warnings
    with open_video(str(toy[0][0])) as video:
        assert f'it lists {video.frame_count} frames, but only' in warning
    assert str(tmp_path) not in warning


def write(path, content):
    path.write_bytes(content)
    return path


def refused_files(folder):
    """Files that are not taken, with what is said about them."""
    yield folder / 'gone.mp4', 'no longer on the server'
    yield write(folder / 'empty.mp4', b''), 'is empty'
    yield write_no_frames(folder / 'no frames.mp4'), 'This is no video that can be read'
    yield write(folder / 'noise.mp4', b'this is no video' * 99), 'This is no video that can be read'
    yield write(folder / 'list.mp4', b'#EXTM3U\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n'), 'This is no video'
    yield write(folder / 'text.txt', b'hello\n' * 99), 'This is no video'
    Image.new('RGB', (64, 48)).save(folder / 'picture.png')
    yield folder / 'picture.png', 'This is no video'
    yield write(folder / 'large.mp4', bytes(600_000)), 'has 0.6 MB; at most 0.5'
    yield write_red_square(folder / 'long.mp4', 32.0, (1, 2)), r'lasts 0\.5 minutes; at most 0\.5'
    yield write_red_square(folder / 'wide.mp4', 0.2, (0.1, 0.2), width=656), 'has 656 pixels on a side; at most 640'


def test_bad_files_are_refused(webui, answerer, tmp_path):
    for path, message in refused_files(tmp_path):
        with pytest.raises(webui.Refusal, match=message):
            answerer.answer(str(path), TEXT, tmp_path, lambda share, what: None, refuse_to_warn)


@pytest.mark.parametrize(
    ('video', 'text', 'message'),
    [
        (None, TEXT, 'Choose a video'),
        ('a.mp4', '', 'Write a sentence'),
        ('a.mp4', ' \n', 'Write a sentence'),
        ('a.mp4', None, 'Write a sentence'),
        ('a.mp4', 'x' * 10_000, 'has 10000 characters; at most 500'),
    ],
)
def test_bad_questions_are_refused(webui, answerer, tmp_path, video, text, message):
    with pytest.raises(webui.Refusal, match=message):
        answerer.answer(video, text, tmp_path, lambda share, what: None, refuse_to_warn)


def test_long_videos_are_drawn_around_the_event(webui):
    tube = Tube((700, 730), [700, 729], [[0, 0, 9, 9]] * 2)
    assert webui.shown_frames(TubeScene('x', 600, 10.0)) == (0, 600)
    assert webui.shown_frames(TubeScene('x', 740, 10.0, tube)) == (650, 740)


@pytest.fixture(scope='module')
def server(webui, answerer, toy, tmp_path_factory):
    pytest.importorskip('gradio', reason='The web page needs gradio (pip install gradio).')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('GRADIO_TEMP_DIR', str(tmp_path_factory.mktemp('page')))
        page = webui.build_page(answerer, [[str(toy[0][1]), TEXT]], keep_seconds=3600)
        yield webui.serve(page, 0, LIMITS['megabytes'], block=False)
        page.close(verbose=False)


@pytest.fixture(scope='module')
def browser(server, tmp_path_factory):
    pytest.importorskip('playwright', reason='A browser is driven by playwright (pip install playwright).')
    with open_browser(tmp_path_factory.mktemp('profile')) as browser:
        yield browser


@pytest.fixture
def open_tab(browser, server):
    tabs = []

    def open_tab():
        tabs.append(browser.new_page())
        tabs[-1].goto(server, wait_until='domcontentloaded')
        tabs[-1].wait_for_selector('#find')
        return tabs[-1]

    yield open_tab
    for tab in tabs:
        tab.close()


def ask(tab, video, text):
    tab.set_input_files('#video input[type=file]', str(video))
    tab.wait_for_selector('#video video', state='attached')
    tab.fill('#sentence textarea', text)
    tab.click('#find')


def answer_in(tab):
    """The row of the answer."""
    tab.wait_for_selector('#tube video')
    tab.wait_for_function(r"/\d\.\d\d\s/.test(document.querySelector('#answer')?.innerText)")
    lines = [line.strip() for line in tab.inner_text('#answer').splitlines()]
    return [line for line in lines if line][-5:]


def wait_for_message(tab, message):
    tab.wait_for_selector(f'[data-testid=toast-body]:has-text("{message}")')


def test_page_gives_the_same_tube_as_python(open_tab, answerer, toy, tmp_path):
    tab, requests = open_tab(), []
    tab.on('request', lambda request: requests.append(request.url))
    video = tmp_path / 'two  blanks "quotes" \'..\' 🟥.mp4'
    video.write_bytes(toy[0][0].read_bytes())
    ask(tab, video, TEXT)
    expected = expected_answer(answerer, toy[0][0])
    assert answer_in(tab) == row_of(expected)
    tab.wait_for_function("document.querySelector('#tube video').videoWidth > 0")  # it plays
    seconds = tab.evaluate("document.querySelector('#tube video').duration")
    assert seconds == pytest.approx(expected['frame_count'] / 10, abs=0.05)
    tab.wait_for_selector('#timeline img')
    tab.wait_for_function("document.querySelector('#timeline img').naturalWidth > 0")
    with tab.expect_download() as download:
        tab.click('#json a[download]')
    (found,) = json.loads(Path(download.value.path()).read_text())
    assert comparable(found) == comparable(expected)
    hosts = {url.split('/')[2].split(':')[0] for url in requests if url.startswith('http')}
    assert hosts <= {'127.0.0.1'}


def test_example_and_emoji(open_tab):
    tab = open_tab()
    tab.click(f'text={TEXT}')
    tab.wait_for_selector('#video video', state='attached')
    tab.fill('#sentence textarea', '🟥 ➡ <b>red</b>')
    tab.click('#find')
    assert answer_in(tab)[-1] == '🟥 ➡ <b>red</b>'


@pytest.mark.parametrize(
    ('text', 'message'),
    [('', 'Write a sentence'), ('x' * 10_000, 'has 10000 characters'), (TEXT, 'This is no video that can be read')],
    ids=['empty sentence', 'long sentence', 'no video'],
)
def test_page_says_what_is_wrong(open_tab, toy, tmp_path, text, message):
    tab = open_tab()
    ask(tab, write(tmp_path / 'noise.mp4', b'this is no video' * 99) if text == TEXT else toy[0][0], text)
    wait_for_message(tab, message)
    assert 'Traceback' not in tab.content()
    assert tab.query_selector('#tube video') is None


def test_page_says_that_a_video_is_cut(open_tab, toy, tmp_path):
    tab = open_tab()
    ask(tab, cut_file(toy[0][0], tmp_path / 'cut.mp4'), TEXT)
    wait_for_message(tab, 'the file is cut short: it lists')
    assert answer_in(tab)


def test_an_earlier_answer_goes_with_the_next_question(open_tab, toy):
    tab = open_tab()
    assert not tab.is_visible('#answer')
    ask(tab, toy[0][0], TEXT)
    answer_in(tab)
    tab.fill('#sentence textarea', '')
    tab.click('#find')
    wait_for_message(tab, 'Write a sentence')
    for part in ('#answer', '#tube video', '#timeline', '#json'):
        assert not tab.is_visible(part)


def test_page_shows_nothing_of_other_errors(open_tab, answerer, toy, monkeypatch):
    def fail(*args):
        raise RuntimeError('secret')

    monkeypatch.setattr(answerer, 'answer', fail)
    tab = open_tab()
    ask(tab, toy[0][0], TEXT)
    wait_for_message(tab, 'Something went wrong on the server')
    assert 'secret' not in tab.content()


def test_page_refuses_large_files(open_tab, tmp_path):
    tab = open_tab()
    tab.set_input_files('#video input[type=file]', str(write(tmp_path / 'large.mp4', bytes(600_000))))
    wait_for_message(tab, 'exceed the maximum allowed size')


def test_two_people_get_their_own_answers(open_tab, toy, answerer):
    tabs = [open_tab(), open_tab()]
    for tab, video in zip(tabs, toy[0], strict=True):
        ask(tab, video, TEXT)
    for tab, video in zip(tabs, toy[0], strict=True):
        assert answer_in(tab) == row_of(expected_answer(answerer, video))
        assert video.stem in tab.inner_text('#json')
    assert open_tab().query_selector('#tube video') is None


def post(address, name, content):
    """Upload as a program does, without the page's own checks: status and answer."""
    head = f'--mark\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    request = urllib.request.Request(
        f'{address}gradio_api/upload',
        head.encode() + content + b'\r\n--mark--\r\n',
        {'Content-Type': 'multipart/form-data; boundary=mark'},
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_server_breaks_off_large_uploads(server):
    status, answer = post(server, 'a.mp4', bytes(600_000))
    assert status == 413
    assert 'maximum allowed size' in answer


def test_server_gives_no_other_files(server, toy):
    for path in ('/etc/passwd', str(toy[1]), str(SCRIPT), '../../etc/passwd'):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f'{server}gradio_api/file={path}')
        assert caught.value.code in (403, 404)


def test_files_are_removed(webui, answerer, toy, tmp_path, monkeypatch):
    pytest.importorskip('gradio', reason='The web page needs gradio (pip install gradio).')
    monkeypatch.setenv('GRADIO_TEMP_DIR', str(tmp_path))
    page = webui.build_page(answerer, [], keep_seconds=2)
    address = webui.serve(page, 0, LIMITS['megabytes'], block=False)
    try:
        status, answer = post(address, 'a.mp4', toy[0][0].read_bytes())
        assert status == 200
        path = Path(json.loads(answer)[0])
        assert path.is_file()
        assert tmp_path in path.parents
        deadline = time.time() + 60
        while path.exists():
            assert time.time() < deadline, 'the upload is still there'
            time.sleep(0.2)
    finally:
        page.close(verbose=False)


def test_command_line(toy, tmp_path):
    """It listens on localhost alone, and leaves nothing behind when it is stopped."""
    pytest.importorskip('gradio', reason='The web page needs gradio (pip install gradio).')
    command = [sys.executable, str(SCRIPT), str(toy[1]), '--port', '0', '--device', 'cpu']
    environment = {**os.environ, 'TMPDIR': str(tmp_path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            found = next(filter(None, (re.search(r'at (http://\S+)', line) for line in process.stdout)))
            assert found.group(1).startswith('http://127.0.0.1:')
            with urllib.request.urlopen(found.group(1)) as answer:
                assert b'Spatio-temporal video grounding' in answer.read()
            (folder,) = tmp_path.glob('mmstvg_page_*')
            assert folder.stat().st_mode & 0o077 == 0
        finally:
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
    assert process.returncode == 0
    assert not folder.exists()


@pytest.mark.parametrize(
    ('words', 'message'),
    [(['nowhere.pth'], 'nowhere.pth does not exist'), (['a.pth', '--example', 'no.mp4', 'x'], 'no.mp4 does not exist')],
)
def test_wrong_arguments_are_named(webui, monkeypatch, capsys, words, message):
    monkeypatch.setattr('sys.argv', ['webui.py', *words])
    assert webui.main() == 1
    assert message in capsys.readouterr().err
