import pytest
from PIL import Image

from mmstvg.datasets import VideoError, open_video


@pytest.mark.parametrize('backend', ['decord', 'pyav'])
@pytest.mark.parametrize('name', ['a.txt', 'a.png', 'a.jpg', 'picture.mp4'])
def test_pictures_and_texts_are_no_videos(tmp_path, name, backend):
    path = tmp_path / name
    if name == 'a.txt':
        path.write_text('hello\n' * 100)
    else:
        Image.new('RGB', (64, 48)).save(path, 'JPEG' if name == 'a.jpg' else 'PNG')
    with pytest.raises(VideoError, match='a picture or a text') as caught:
        open_video(str(path), backend)
    assert caught.value.reason == 'no_video'
