"""Writes pictures and sound as MP4: H.264 and AAC, ready to be streamed, whole or not at all."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import av
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from avatar.animator import FloatArray
from avatar.video.film import VideoError, check_format
from avatar.video.stage import Picture

QUALITY: Final = 20  # constant rate factor of x264: lower is better and larger
EFFORT: Final = "veryfast"
SOUND_BITS: Final = 160_000  # bits a second of AAC


class Mp4Writer:
    """A file being written beside its place, and moved there once it is complete.

    Use as a context: leaving it by an exception leaves no file behind, and an older file as it was.
    """

    def __init__(self, path: Path, size: tuple[int, int], fps: int, sample_rate: int) -> None:
        """``size`` is width and height in pixels, both even.

        Raises ``VideoError`` for another ending than .mp4 or a format that can't be encoded, and ``OSError``
        if the folder can't be written to.
        """
        if path.suffix.lower() != ".mp4":
            raise VideoError(f"{path}: videos are written as .mp4, not {path.suffix or 'without an ending'}")
        check_format(size, fps)
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a folder; give the name of a file to write")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._partial = path.with_name(f".{path.stem}.{os.getpid()}.partial.mp4")
        self._partial.touch()  # says at once if the folder can't be written to
        self._pictures = 0
        self._samples = 0
        self._rate = sample_rate
        self._file: Any = av.open(str(self._partial), "w", options={"movflags": "+faststart"})
        self._video: Any = self._file.add_stream("libx264", rate=fps)
        self._video.width, self._video.height = size
        self._video.pix_fmt = "yuv420p"
        self._video.options = {"crf": str(QUALITY), "preset": EFFORT}
        context = self._video.codec_context
        context.time_base = Fraction(1, fps)
        context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        self._sound: Any = self._file.add_stream("aac", rate=sample_rate, layout="stereo")
        self._sound.bit_rate = SOUND_BITS

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                for stream in (self._video, self._sound):
                    self._file.mux(stream.encode(None))
            self._file.close()
            if kind is None:
                self._partial.replace(self._path)
        except FFmpegError as failure:
            if kind is None:
                raise VideoError(f"{self._path} couldn't be finished: {failure}") from failure
        finally:
            self._partial.unlink(missing_ok=True)

    def write(self, picture: Picture, sound: FloatArray) -> None:
        """Add one picture (height, width, 3) and the sound (2, samples) that starts with it, -1..1."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame = frame.reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
        )
        frame.pts = self._pictures
        frame.time_base = self._video.codec_context.time_base
        self._pictures += 1
        self._file.mux(self._video.encode(frame))
        if sound.shape[1]:
            piece = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), format="fltp", layout="stereo")
            piece.sample_rate = self._rate
            piece.time_base = Fraction(1, self._rate)
            piece.pts = self._samples
            self._samples += sound.shape[1]
            self._file.mux(self._sound.encode(piece))
