"""Sound in the protocol's formats, to and from frames of 40 ms."""

from __future__ import annotations

import base64
import binascii
import io
from typing import Final

import numpy as np
import soundfile
import soxr

from orchestration.media import (
    AGENT_SAMPLE_RATE,
    USER_FRAME_SAMPLES,
    USER_SAMPLE_RATE,
    FloatArray,
    silence,
)
from orchestration.realtime.problems import EventError

RATES: Final = {"audio/pcm": 24_000, "audio/pcmu": 8_000, "audio/pcma": 8_000}  # samples a second
_G711: Final = {"audio/pcmu": "ULAW", "audio/pcma": "ALAW"}
_PCM_SCALE: Final = 32_768
# The resampler gives sound out in blocks: of 30 ms from 24 to 16 kHz, but of 70 ms down to 8 kHz, for which
# its plainer filter is good enough and steadier.
_TELEPHONE_QUALITY: Final = "LQ"


def decode_base64(data: str) -> bytes:
    """The bytes of an ``audio`` field; raises ``EventError``."""
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise EventError(
            "invalid_base64", f"audio is no base64: {error}", "encode the samples as base64", "audio"
        ) from error


def decode(data: bytes, format: str) -> FloatArray:
    """Samples (n,), -1..1, of whole samples in ``format``."""
    if format == "audio/pcm":
        return (np.frombuffer(data, "<i2") / np.float32(_PCM_SCALE)).astype(np.float32)
    if not data:
        return silence(0)
    pcm, _ = soundfile.read(
        io.BytesIO(data), dtype="float32", format="RAW", subtype=_G711[format], samplerate=8_000, channels=1
    )
    samples: FloatArray = pcm
    return samples


def encode(pcm: FloatArray, format: str) -> bytes:
    """Samples (n,), -1..1, as bytes in ``format``."""
    clipped = np.clip(np.rint(pcm * _PCM_SCALE), -_PCM_SCALE, _PCM_SCALE - 1).astype("<i2")
    if format == "audio/pcm":
        return clipped.tobytes()
    file = io.BytesIO()
    soundfile.write(file, clipped, 8_000, format="RAW", subtype=_G711[format])
    return file.getvalue()


class UserSound:
    """What a client appends, in pieces of any size, as frames (640,) at 16 kHz.

    The rest of a piece that fills no frame waits for the next one.
    """

    def __init__(self, format: str) -> None:
        self.format = format
        self._odd = b""  # half a sample
        self.reset()

    def reset(self) -> None:
        """Forget what fills no frame yet."""
        self._odd = b""
        self._rest = silence(0)
        self._resampler = soxr.ResampleStream(RATES[self.format], USER_SAMPLE_RATE, 1, dtype="float32")

    def feed(self, data: bytes) -> list[FloatArray]:
        """Take a piece; returns the frames that are now whole."""
        data = self._odd + data
        if self.format == "audio/pcm":
            whole = len(data) - len(data) % 2
            self._odd, data = data[whole:], data[:whole]
        return self._cut(self._resampler.resample_chunk(decode(data, self.format), last=False))

    def flush(self) -> list[FloatArray]:
        """The rest, filled up with silence."""
        frames = self._cut(self._resampler.resample_chunk(silence(0), last=True))
        if self._rest.size:
            frames.append(np.pad(self._rest, (0, USER_FRAME_SAMPLES - self._rest.size)))
        self.reset()
        return frames

    def _cut(self, pcm: FloatArray) -> list[FloatArray]:
        pcm = np.concatenate((self._rest, pcm))
        frames = pcm.size // USER_FRAME_SAMPLES
        self._rest = pcm[frames * USER_FRAME_SAMPLES :]
        return list(pcm[: frames * USER_FRAME_SAMPLES].reshape(frames, USER_FRAME_SAMPLES))


class AgentSound:
    """The agent's frames (960,) at 24 kHz as base64 in a format."""

    def __init__(self, format: str) -> None:
        self.format = format
        self.reset()

    def reset(self) -> None:
        """Begin another utterance."""
        self._resampler: soxr.ResampleStream | None = None
        if RATES[self.format] != AGENT_SAMPLE_RATE:
            self._resampler = soxr.ResampleStream(
                AGENT_SAMPLE_RATE, RATES[self.format], 1, dtype="float32", quality=_TELEPHONE_QUALITY
            )

    def encode(self, pcm: FloatArray) -> str:
        """One frame; empty while the resampler has nothing to give."""
        if self._resampler is not None:
            pcm = self._resampler.resample_chunk(pcm, last=False)
        return base64.b64encode(encode(pcm, self.format)).decode()

    def flush(self) -> str:
        """What the resampler still holds at the end of an utterance; empty where there is nothing."""
        if self._resampler is None:
            return ""
        rest = self._resampler.resample_chunk(silence(0), last=True)
        self.reset()
        return base64.b64encode(encode(rest, self.format)).decode()
