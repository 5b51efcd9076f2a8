"""Predictions in the format that the HC-STVG challenge reads."""

from collections.abc import Iterable


def to_hcstvg_format(records: Iterable[dict]) -> dict[str, dict]:
    """Convert the records of a predictions file.

    Frames count from 1 and both ends of an event are inclusive there, as in the annotation files.

    Args:
        records: Objects with `video_id`, `span` (`[start, end)`, from 0) and `boxes` (frame to `[x1, y1, x2, y2]`).

    Returns:
        `{video id: {st_frame, ed_frame, bbox: {frame: [x1, y1, x2, y2]}}}`, boxes on the frames of the event.

    Raises:
        ValueError: A video has two predictions, for which the format has no place.
    """
    exported: dict[str, dict] = {}
    for record in records:
        name, (start, end) = record['video_id'], record['span']
        if name in exported:
            raise ValueError(f"The video '{name}' has two predictions; the challenge's format holds one a video.")
        boxes = {str(int(frame) + 1): box for frame, box in record['boxes'].items() if start <= int(frame) < end}
        exported[name] = {'st_frame': start + 1, 'ed_frame': end, 'bbox': boxes}
    return exported
