"""No training clip without a frame of its event."""

import numpy as np

from mmstvg.structures import Tube


def keep_event_frame(frame_ids: np.ndarray, tube: Tube) -> np.ndarray:
    """The frames as they are where one lies inside the event, else with the event's middle frame for the nearest one.

    Args:
        frame_ids: `(T,)` ascending frame indices, `T >= 1`.
        tube: The annotated tube. Its middle frame with a box is preferred.

    Returns:
        `(T,)` ascending frame indices; their number does not change.
    """
    if tube.contains(frame_ids).any():
        return frame_ids
    known = tube.frame_ids[tube.contains(tube.frame_ids)]
    middle = known[len(known) // 2] if len(known) else sum(tube.span) // 2
    frame_ids = frame_ids.copy()
    frame_ids[np.abs(frame_ids - middle).argmin()] = middle
    return frame_ids
