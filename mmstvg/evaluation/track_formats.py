"""Tubes in the formats of annotation tools: COCO-video JSON, CVAT XML, MOT csv, each with its reader.

Only the boxes inside a tube's span travel. Numbers are written in full, so a tube comes back exactly as it was.
"""

import csv
import json
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmstvg.structures import Tube
from mmstvg.utils.atomic_file import write_text_atomically

CATEGORY = 'tube'
_MOT_LIST = 'tracks.csv'


@dataclass(frozen=True)
class Track:
    """A tube of one video with what it says.

    Args:
        item_id: Number of the item.
        video_id: Name of the video.
        text: The sentence.
        tube: Has a box on its first and last frame; those between are interpolated where missing.
        score: Confidence, where known.

    Raises:
        ValueError: There is no box on the first or last frame of the span.
    """

    item_id: int
    video_id: str
    text: str
    tube: Tube
    score: float | None = None

    def __post_init__(self):
        if not self.tube.boxes_at([self.tube.span[0], self.tube.span[1] - 1])[1].all():
            raise ValueError(
                f'Item {self.item_id} ({self.video_id}) has no boxes at the ends of its span {self.tube.span}, so a '
                'track of boxes cannot say how long it lasts.'
            )

    @classmethod
    def from_record(cls, record: dict) -> 'Track':
        """The track of one item of a predictions file."""
        tube = Tube.from_dict(record)
        return cls(record['item_id'], record['video_id'], record['text'], tube, record.get('score'))

    def boxes(self) -> list[tuple[int, list[float]]]:
        """Frame and box of each frame of the span."""
        frames = np.arange(*self.tube.span)
        boxes: np.ndarray = self.tube.boxes_at(frames)[0].astype(np.float64)
        return list(zip(frames.tolist(), boxes.tolist(), strict=True))


def write_coco(tracks: Iterable[Track], path: str | Path, sizes: Mapping[str, dict]) -> None:
    """Write one JSON file in the manner of COCO for video (TAO): videos, images, tracks, annotations.

    Boxes are `[x, y, w, h]`, `frame_index` counts from 0. A track carries `item_id, sentence, score`.

    Args:
        tracks: What to write.
        path: The file; missing folders are made.
        sizes: Video name to `width, height, frame_count`, where known.
    """
    data = {'videos': [], 'images': [], 'tracks': [], 'annotations': [], 'categories': [{'id': 1, 'name': CATEGORY}]}
    for video_number, (video, own) in enumerate(_by_video(tracks).items(), start=1):
        data['videos'].append({'id': video_number, 'name': video, **sizes.get(video, {})})
        images = {}
        for track in own:
            number = len(data['tracks']) + 1
            values = {'item_id': track.item_id, 'sentence': track.text, 'score': track.score}
            data['tracks'].append({'id': number, 'video_id': video_number, 'category_id': 1, **values})
            for frame, (x1, y1, x2, y2) in track.boxes():
                if frame not in images:
                    images[frame] = len(data['images']) + 1
                    image = {'id': images[frame], 'video_id': video_number, 'frame_index': frame}
                    data['images'].append({**image, 'file_name': f'{video}/{frame:06d}.jpg'})
                box = [x1, y1, x2 - x1, y2 - y1]
                data['annotations'].append(
                    {
                        'id': len(data['annotations']) + 1,
                        'image_id': images[frame],
                        'video_id': video_number,
                        'track_id': number,
                        'category_id': 1,
                        'bbox': box,
                        'area': box[2] * box[3],
                        'iscrowd': 0,
                    }
                )
    write_text_atomically(path, json.dumps(data))


def read_coco(path: str | Path) -> list[Track]:
    """Read what `write_coco` wrote, edited or not."""
    data = json.loads(Path(path).read_text(encoding='utf-8'))
    videos = {video['id']: video['name'] for video in data['videos']}
    frames = {image['id']: image['frame_index'] for image in data['images']}
    boxes = defaultdict(list)
    for row in data['annotations']:
        x, y, w, h = row['bbox']
        boxes[row['track_id']].append((frames[row['image_id']], [x, y, x + w, y + h]))
    return [
        Track(t['item_id'], videos[t['video_id']], t['sentence'], _tube(boxes[t['id']]), t['score'])
        for t in data['tracks']
    ]


def write_cvat(tracks: Iterable[Track], folder: str | Path, sizes: Mapping[str, dict]) -> None:
    """Write one file a video, "CVAT for video 1.1", `FOLDER/VIDEO.xml`. Frames count from 0, boxes are corners.

    Each track has the attributes `item_id`, `sentence` and `score`, and ends with a box marked `outside`.

    Args:
        tracks: What to write.
        folder: Made where missing.
        sizes: Video name to `width, height, frame_count`, where known.

    Raises:
        ValueError: Two names of videos would give one file.
    """
    videos = _by_video(tracks)
    files = _files_of(videos, folder, '.xml')
    for video, own in videos.items():
        root = ET.Element('annotations')
        ET.SubElement(root, 'version').text = '1.1'
        _add_cvat_task(root, video, sizes.get(video, {}))
        for number, track in enumerate(own):
            element = ET.SubElement(root, 'track', id=str(number), label=CATEGORY, source='auto')
            values = {'item_id': track.item_id, 'sentence': track.text, 'score': track.score}
            boxes = track.boxes()
            after = (boxes[-1][0] + 1, boxes[-1][1])
            for frame, corners in [*boxes, after]:
                box = ET.SubElement(element, 'box', frame=str(frame), outside=str(int(frame == after[0])))
                sides = dict(zip(('xtl', 'ytl', 'xbr', 'ybr'), map(repr, corners), strict=True))
                box.attrib.update(sides, occluded='0', keyframe='1', z_order='0')
                for name, value in values.items():
                    ET.SubElement(box, 'attribute', name=name).text = '' if value is None else str(value)
        ET.indent(root)
        ET.ElementTree(root).write(files[video], encoding='utf-8', xml_declaration=True)


def _add_cvat_task(root: ET.Element, video: str, size: dict) -> None:
    task = ET.SubElement(ET.SubElement(root, 'meta'), 'task')
    ET.SubElement(task, 'name').text = video
    if size:
        ET.SubElement(task, 'size').text = str(size['frame_count'])
        original = ET.SubElement(task, 'original_size')
        ET.SubElement(original, 'width').text = str(size['width'])
        ET.SubElement(original, 'height').text = str(size['height'])
    label = ET.SubElement(ET.SubElement(task, 'labels'), 'label')
    ET.SubElement(label, 'name').text = CATEGORY
    attributes = ET.SubElement(label, 'attributes')
    for name in ('item_id', 'sentence', 'score'):
        attribute = ET.SubElement(attributes, 'attribute')
        for key, value in (('name', name), ('mutable', 'False'), ('input_type', 'text'), ('default_value', '')):
            ET.SubElement(attribute, key).text = value


def read_cvat(folder: str | Path) -> list[Track]:
    """Read all XML files of a folder that `write_cvat` wrote or CVAT exported."""
    tracks = []
    for path in sorted(Path(folder).glob('*.xml')):
        root = ET.parse(path).getroot()
        video = root.findtext('meta/task/name', default='')
        for element in root.iter('track'):
            shown = [box for box in element.iter('box') if box.get('outside') == '0']
            boxes = [
                (int(b.attrib['frame']), [float(b.attrib[k]) for k in ('xtl', 'ytl', 'xbr', 'ybr')]) for b in shown
            ]
            values = {a.get('name'): a.text or '' for a in shown[0].iter('attribute')}
            score = float(values['score']) if values['score'] else None
            tracks.append(Track(int(values['item_id']), video, values['sentence'], _tube(boxes), score))
    return tracks


def write_mot(tracks: Iterable[Track], folder: str | Path) -> None:
    """Write one csv a video, `FOLDER/VIDEO.csv`: `frame, item_id, x, y, w, h, score, 1, 1`, and `tracks.csv`.

    Frames count from 1 as in MOTChallenge, pixels from 0. The score is -1 where not known. MOT has no place for
    sentences: `tracks.csv` holds `item_id, video_id, sentence`.

    Args:
        tracks: What to write.
        folder: Made where missing.

    Raises:
        ValueError: Two names of videos would give one file.
    """
    listed = []
    videos = _by_video(tracks)
    files = _files_of(videos, folder, '.csv', reserved=_MOT_LIST)
    for video, own in videos.items():
        rows = []
        for track in own:
            score = -1 if track.score is None else track.score
            for frame, (x1, y1, x2, y2) in track.boxes():
                rows.append((frame + 1, track.item_id, x1, y1, x2 - x1, y2 - y1, score, 1, 1))
            listed.append((track.item_id, video, track.text))
        _write_csv(files[video], sorted(rows))
    _write_csv(Path(folder) / _MOT_LIST, listed)


def read_mot(folder: str | Path) -> list[Track]:
    """Read what `write_mot` wrote."""
    tracks = []
    read = {}
    for item_id, video, text in _read_csv(Path(folder) / _MOT_LIST):
        if video not in read:
            read[video] = _read_csv(_file_of(video, folder, '.csv'))
        rows = [[float(value) for value in row] for row in read[video] if row[1] == item_id]
        boxes = [(int(frame) - 1, [x, y, x + w, y + h]) for frame, _, x, y, w, h, *_ in rows]
        score = rows[0][6]
        tracks.append(Track(int(item_id), video, text, _tube(boxes), None if score == -1 else score))
    return tracks


def _by_video(tracks: Iterable[Track]) -> dict[str, list[Track]]:
    videos = defaultdict(list)
    for track in tracks:
        videos[track.video_id].append(track)
    return videos


def _tube(boxes: list[tuple[int, list[float]]]) -> Tube:
    """The tube of these frames and boxes; its span reaches from the first to the last of them."""
    frames, corners = zip(*sorted(boxes), strict=True)
    return Tube((frames[0], frames[-1] + 1), np.array(frames), np.array(corners))


def _files_of(videos: Iterable[str], folder: str | Path, ending: str, reserved: str = '') -> dict[str, Path]:
    """A file for each video; two names that would give one file are refused."""
    files: dict[str, Path] = {}
    owners = {Path(folder, reserved): 'the list of tracks'} if reserved else {}
    for video in videos:
        path = files[video] = _file_of(video, folder, ending)
        if path in owners:
            raise ValueError(f'{video} and {owners[path]} would both be written to {path}; rename one of them.')
        owners[path] = video
    return files


def _file_of(video: str, folder: str | Path, ending: str) -> Path:
    path = Path(folder, f'{video.replace("/", "_")}{ending}')
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _write_csv(path: Path, rows: Iterable[tuple]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('w', newline='', encoding='utf-8') as file:
        csv.writer(file).writerows(rows)


def _read_csv(path: Path) -> list[list[str]]:
    with path.open(newline='', encoding='utf-8') as file:
        return list(csv.reader(file))
