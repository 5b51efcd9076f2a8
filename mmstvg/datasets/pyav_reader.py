"""Videos by PyAV."""

import os
from collections.abc import Iterator

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from .frame_index import build_frame_index
from .mp4_file import is_cut_short
from .simple_video import has_simple_frame, has_simple_stream, is_idr
from .video_error import VideoError
from .video_reader import VideoReader

# A jump to a key frame costs about as much as decoding this many frames, or as passing over this many packets.
_FRAMES_WORTH_A_SEEK = 12
_PACKETS_WORTH_A_SEEK = 300


class PyAVReader(VideoReader):
    """Videos by PyAV (FFmpeg), right for everything that FFmpeg decodes.

    The packets, not the header, say which frames there are. To reach a frame it jumps to the last key frame before it
    and decodes from there, leaving out frames that no other refers to, and in simple files also groups of pictures in
    which none is wanted. A frame is known by its time, so a jump that lands elsewhere is noticed; the video is then
    decoded from its start.

    Args:
        path: The video file.
        num_threads: Threads that decode.

    Attributes:
        index: The `FrameIndex`, or None where frames have to be counted by decoding them.
        is_simple: Whether a reader that only counts packets gets this file right as well: upright progressive 8-bit
            H.264 with even sides in MP4 or Matroska, complete, in closed groups of pictures.

    Raises:
        VideoError: The file is missing, empty, or holds no video that can be decoded.
    """

    def __init__(self, path: str, num_threads: int = 1):
        super().__init__(path)
        self._num_threads = num_threads
        self._container: av.container.InputContainer | None = None
        self._reformatter = VideoReformatter()  # left to themselves, frames make one each: 0.5 ms
        try:
            self._scan()
        except (av.FFmpegError, UnicodeDecodeError) as error:
            self.close()
            message = f'it cannot be decoded ({error}); download it again or exclude it'
            raise VideoError(self.path, 'undecodable', message) from error

    def close(self):
        """Close the file."""
        if self._container is not None:
            self._container.close()
            self._container = None

    def _open(self) -> av.VideoStream:
        """Open the file at its start."""
        self.close()
        self._container = av.open(os.path.abspath(self.path))  # `a:b.mp4` alone would be a protocol to FFmpeg
        if not self._container.streams.video:
            self.close()
            raise VideoError(self.path, 'no_video', 'it has no picture, only sound or data; exclude it')
        if _is_still(self._container.format.name):
            self.close()
            raise VideoError(self.path, 'no_video', 'it is a picture or a text, which FFmpeg would show as a video')
        stream = self._container.streams.video[0]
        stream.codec_context.thread_count = self._num_threads
        stream.thread_type = 'AUTO'
        return stream

    def _scan(self):
        """Go through the packets once; decode the first frame, which says how frames are to be shown."""
        stream = self._open()
        first, times, keys = None, [], []
        self.is_simple = has_simple_stream(self._container, stream)
        for packet in self._container.demux(stream):
            if first is None:
                first = next(iter(packet.decode()), None)
            if packet.is_discard or packet.is_corrupt:
                self.is_simple = False
            elif packet.size:  # the last packet is empty
                times.append(packet.pts)
                keys.append(packet.is_keyframe)
                if self.is_simple and packet.is_keyframe:
                    self.is_simple = is_idr(bytes(packet), stream.codec_context.extradata)
        if first is None:
            raise VideoError(self.path, 'undecodable', 'no frame of it decodes; download it again or exclude it')
        self._quarter_turns = round(first.rotation / 90) % 4  # counter-clockwise
        size = (first.height, first.width)
        self.size = size[::-1] if self._quarter_turns % 2 else size
        self.missing_frames = self._count_missing(stream, len(times))
        self._set_index(stream, times, keys, first.pts)
        is_whole = self.index is not None and self.index.closed and not self.missing_frames
        self.is_simple = self.is_simple and is_whole and has_simple_frame(first)

    def _set_index(self, stream: av.VideoStream, times: list, keys: list[bool], first_time: int | None):
        rate = float(stream.average_rate or stream.guessed_rate or 0)
        self.index = build_frame_index(times, keys)
        if self.index is None or first_time not in self.index.times:
            self.index = None
            self.frame_count = self._count_by_decoding()
            self.fps = rate or 1.0
            return
        if first_time > self.index.times[0]:
            self.index = self.index.starting_at(first_time)
        self.frame_count = len(self.index)
        ticks = int(self.index.times[-1] - self.index.times[0])
        measured = (self.frame_count - 1) / (ticks * float(stream.time_base)) if ticks else rate or 1.0
        self.fps = rate if abs(rate - measured) < 0.05 * measured else measured

    def _count_missing(self, stream: av.VideoStream, found: int) -> int:
        """Frames that an MP4 file lists and does not hold. A whole file may list more than it shows (a trimmed end)."""
        is_mp4 = 'mp4' in self._container.format.name
        return stream.frames - found if is_mp4 and found < stream.frames and is_cut_short(self.path) else 0

    def _count_by_decoding(self) -> int:
        self._open()
        count = 0
        try:
            for _ in self._container.decode(video=0):
                count += 1
        except av.FFmpegError:  # what comes before the damage can be used
            return count
        return count

    def _decode(self, frame_ids: np.ndarray) -> Iterator[np.ndarray]:
        find = self._by_counting if self.index is None else self._by_time
        try:
            for frame in find(frame_ids):
                yield self._picture(frame)
        except av.FFmpegError as error:
            raise VideoError(self.path, 'undecodable', f'decoding breaks off in the middle ({error})') from error

    def _by_counting(self, frame_ids: np.ndarray) -> Iterator[av.VideoFrame]:
        self._open()
        wanted = set(frame_ids.tolist())
        for i, frame in enumerate(self._container.decode(video=0)):
            if i in wanted:
                yield frame
            if i == frame_ids[-1]:
                return
        raise self._truncated(int(frame_ids[-1]), self.frame_count)

    def _by_time(self, frame_ids: np.ndarray) -> Iterator[av.VideoFrame]:
        times = self.index.times[frame_ids].tolist()
        wanted = frozenset(times)
        frames, reached = None, None
        for frame_id, time in zip(frame_ids.tolist(), times, strict=True):
            if frames is None or self._is_worth_a_seek(reached, time):
                frames = self._frames_from(self.index.last_key(time), wanted)
            frame = _advance(frames, time)
            if frame is None:  # the jump went wrong, or the frame cannot be decoded
                self._open()
                frames = self._frames(wanted)
                frame = _advance(frames, time)
            if frame is None:
                message = f'frame {frame_id} of {self.frame_count} cannot be decoded; the file is damaged there'
                raise VideoError(self.path, 'undecodable', message)
            reached = time
            yield frame

    def _is_worth_a_seek(self, reached: int, time: int) -> bool:
        between = self.index.place(self.index.last_key(time)) - self.index.place(reached)
        return between > (_PACKETS_WORTH_A_SEEK if self.is_simple else _FRAMES_WORTH_A_SEEK)

    def _frames_from(self, time: int, wanted: frozenset[int]) -> Iterator[av.VideoFrame]:
        if self._container is None:
            self._open()
        try:
            self._container.seek(time, stream=self._container.streams.video[0])
        except av.FFmpegError:  # a file that cannot be searched
            self._open()
        return self._frames(wanted)

    def _frames(self, wanted: frozenset[int]) -> Iterator[av.VideoFrame]:
        """Decoded frames from here on. Those that are not wanted may be missing."""
        stream = self._container.streams.video[0]
        groups = {self.index.last_key(time) for time in wanted}
        passes = False
        for packet in self._container.demux(stream):
            if self.is_simple and packet.is_keyframe:
                passes = packet.pts not in groups
            if packet.size == 0:
                passes = False  # the end: what the decoder still holds comes out
            if not (packet.is_corrupt or passes):
                needed = packet.size == 0 or packet.pts in wanted
                stream.codec_context.skip_frame = 'DEFAULT' if needed else 'NONREF'
                yield from packet.decode()

    def _picture(self, frame: av.VideoFrame) -> np.ndarray:
        picture: np.ndarray = self._reformatter.reformat(frame, format='rgb24').to_ndarray()
        if self._quarter_turns:
            picture = np.ascontiguousarray(np.rot90(picture, self._quarter_turns))
        if picture.shape[:2] != self.size:
            message = f'its frames change from {self.size} to {picture.shape[:2]} pixels; transcode it to one size'
            raise VideoError(self.path, 'undecodable', message)
        return picture


def _is_still(format_name: str) -> bool:
    """Whether FFmpeg's name of a format is that of pictures (`image2`, `png_pipe`) or of text (`tty`)."""
    return format_name in ('image2', 'tty') or format_name.endswith('_pipe')


def _advance(frames: Iterator[av.VideoFrame], time: int) -> av.VideoFrame | None:
    """The frame of exactly this time, if it comes and is whole."""
    for frame in frames:
        if frame.pts is not None and frame.pts >= time:
            return frame if frame.pts == time and not frame.is_corrupt else None
    return None
