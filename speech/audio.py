"""Sound as arrays: loading any file, resampling, 16-bit PCM, cutting into frames.

Everywhere in this project sound is float32 in -1..1; mono is (samples,), several channels are (samples,
channels).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import cast

import av
import numpy as np
import soundfile
import soxr
from av.error import FFmpegError
from numpy.typing import NDArray

SAMPLE_RATE = 16_000  # samples a second: what every listener in the project takes
FRAME_RATE = 25  # frames a second
FRAME_SAMPLES = SAMPLE_RATE // FRAME_RATE  # 640: one frame of sound
FRAME_SECONDS = 1 / FRAME_RATE  # .04

MAX_SECONDS = 3_600.0  # default limit of a file's length
SILENCE_DBFS = -60.0  # below this level nobody is speaking
CLIPPING_LEVEL = 0.999  # at or above this magnitude a sample counts as clipped
PCM16_SCALE = 32_767  # symmetric: -1 maps to -32767, so that a sign change is lossless
READ_BLOCK = 1 << 16  # samples read at a time, so that an over-long file is refused early

FloatArray = NDArray[np.float32]
Int16Array = NDArray[np.int16]


class AudioError(ValueError):
    """Sound that cannot be used; the message names the file or value and the remedy."""


def load_audio(
    path: str | Path, sample_rate: int = SAMPLE_RATE, max_seconds: float = MAX_SECONDS
) -> FloatArray:
    """Read any sound file as float32 mono (samples,) at ``sample_rate``.

    libsndfile reads what it can, FFmpeg's libraries the rest; channels are averaged. One-sample, clipped and
    silent files are legal (see `is_silent`, `clipping_ratio`). Raises `AudioError` if the file is missing,
    empty, not sound, longer than ``max_seconds`` or holds samples that are not finite.
    """
    path = Path(path)
    if not path.is_file():
        raise AudioError(f"{path}: no such file; give the path of a sound file")
    if path.stat().st_size == 0:
        raise AudioError(f"{path}: the file is empty (0 bytes); record or copy it again")
    try:
        pcm, rate = _read_soundfile(path, max_seconds)
    except soundfile.LibsndfileError:
        pcm, rate = _read_av(path, max_seconds)
    if pcm.shape[0] == 0:
        raise AudioError(f"{path}: holds no samples; record it again")
    if not np.isfinite(pcm).all():
        bad = int(np.argmin(np.isfinite(pcm).all(axis=1)))
        raise AudioError(
            f"{path}: sample {bad} is not a finite number (NaN or infinity); export the file as 16-bit PCM"
        )
    return resample(pcm.mean(axis=1, dtype=np.float32), rate, sample_rate)


def _too_long(path: Path, max_seconds: float) -> AudioError:
    return AudioError(
        f"{path}: longer than the limit of {max_seconds:g} s; cut the file or raise max_seconds"
    )


def _read_soundfile(path: Path, max_seconds: float) -> tuple[FloatArray, int]:
    with soundfile.SoundFile(path) as file:
        rate = int(file.samplerate)
        limit = math.ceil(max_seconds * rate)
        blocks: list[FloatArray] = []
        count = 0
        # Headers lie (a stream's length may be unknown), so the limit is held against what was read.
        while (block := file.read(READ_BLOCK, dtype="float32", always_2d=True)).shape[0]:
            count += block.shape[0]
            if count > limit:
                raise _too_long(path, max_seconds)
            blocks.append(block)
        channels = int(file.channels)
    return np.concatenate(blocks) if blocks else np.zeros((0, channels), np.float32), rate


def _read_av(path: Path, max_seconds: float) -> tuple[FloatArray, int]:
    blocks: list[FloatArray] = []
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise AudioError(f"{path}: has no sound track; give a file that carries sound")
            stream = container.streams.audio[0]
            rate = int(stream.rate)
            limit = math.ceil(max_seconds * rate)
            # Planar floats of the source's own rate and layout: mixing and resampling stay in one place,
            # above.
            to_float = av.AudioResampler(format="fltp", layout=stream.layout, rate=rate)
            count = 0
            for decoded in container.decode(stream):
                for frame in to_float.resample(decoded):
                    block = np.asarray(frame.to_ndarray(), dtype=np.float32).T
                    count += block.shape[0]
                    if count > limit:
                        raise _too_long(path, max_seconds)
                    blocks.append(block)
    except FFmpegError as error:
        raise AudioError(
            f"{path}: neither libsndfile nor FFmpeg reads it as sound ({error.strerror}); convert it to WAV"
        ) from error
    if not blocks:
        raise AudioError(f"{path}: holds no samples; record it again")
    return np.concatenate(blocks), rate


def resample(pcm: FloatArray, source_rate: int, target_rate: int) -> FloatArray:
    """Resample float32 (samples,) or (samples, channels) between rates in Hz, with soxr's high quality."""
    _check_rates(source_rate, target_rate)
    if source_rate == target_rate or pcm.shape[0] == 0:
        return np.asarray(pcm, dtype=np.float32)
    return np.asarray(soxr.resample(pcm, source_rate, target_rate, quality="HQ"), dtype=np.float32)


def _check_rates(*rates: int) -> None:
    for rate in rates:
        if rate <= 0:
            raise AudioError(f"sample rate {rate} Hz is not positive; give samples a second, such as 16000")


class StreamingResampler:
    """Resample a mono stream piece by piece; the pieces' concatenation equals `resample` of the whole."""

    def __init__(self, source_rate: int, target_rate: int) -> None:
        _check_rates(source_rate, target_rate)
        self._same = source_rate == target_rate
        self._stream = soxr.ResampleStream(source_rate, target_rate, 1, dtype="float32", quality="HQ")
        self._closed = False

    def push(self, pcm: FloatArray, *, last: bool = False) -> FloatArray:
        """Take float32 (samples,) of any length and return what is ready; ``last`` flushes the filter's
        delay.

        Raises `AudioError` when called after the last piece; `reset` starts a new stream.
        """
        if self._closed:
            raise AudioError("the stream has ended; call reset() before pushing more sound")
        self._closed = last
        if self._same:
            return np.asarray(pcm, dtype=np.float32)
        piece = np.ascontiguousarray(pcm, dtype=np.float32)
        return np.asarray(self._stream.resample_chunk(piece, last=last), dtype=np.float32)

    def reset(self) -> None:
        """Forget everything and start a new stream."""
        self._stream.clear()
        self._closed = False


def to_pcm16(pcm: FloatArray) -> Int16Array:
    """Round floats to 16-bit PCM of the same shape; values beyond -1..1 are clipped, never wrapped.

    Raises `AudioError` on NaN, which has no nearest integer.
    """
    if np.isnan(pcm).any():
        raise AudioError("NaN cannot be written as 16-bit PCM; replace it with 0 or find where it came from")
    return np.round(np.clip(pcm, -1.0, 1.0) * PCM16_SCALE).astype(np.int16)


def from_pcm16(pcm: Int16Array) -> FloatArray:
    """Turn 16-bit PCM into float32 of the same shape, -1..1 (-32768, never written here, is -1)."""
    scaled = pcm.astype(np.float32) / np.float32(PCM16_SCALE)
    return cast(FloatArray, np.maximum(scaled, np.float32(-1.0)))


def frames(pcm: FloatArray, size: int = FRAME_SAMPLES) -> FloatArray:
    """Cut (samples,) into (frames, size), the last frame padded with zeros; no samples give no frames."""
    count = -(-pcm.shape[0] // size)
    padded = np.zeros(count * size, np.float32)
    padded[: pcm.shape[0]] = pcm
    return padded.reshape(count, size)


def level_dbfs(pcm: FloatArray) -> float:
    """Root-mean-square level in dB below full scale; -inf for digital silence or no samples."""
    if pcm.size == 0:
        return -math.inf
    power = float(np.mean(np.square(pcm, dtype=np.float64)))
    return 10 * math.log10(power) if power > 0 else -math.inf


def is_silent(pcm: FloatArray, threshold_dbfs: float = SILENCE_DBFS) -> bool:
    """Whether no 40 ms frame of (samples,) reaches ``threshold_dbfs``: one word in a long pause is sound."""
    if pcm.size == 0:
        return True
    blocks = frames(pcm).astype(np.float64)
    # The last frame may be mostly padding: its power counts over the samples that it has.
    counts = np.full(blocks.shape[0], FRAME_SAMPLES, np.float64)
    counts[-1] = pcm.shape[0] - FRAME_SAMPLES * (blocks.shape[0] - 1)
    loudest = float(np.max(np.square(blocks).sum(axis=1) / counts))
    return bool(loudest < 10 ** (threshold_dbfs / 10))


def clipping_ratio(pcm: FloatArray) -> float:
    """Share (0..1) of samples at full scale; above about .001 the recording was too loud."""
    return float(np.mean(np.abs(pcm) >= CLIPPING_LEVEL)) if pcm.size else 0.0


def write_wav(path: str | Path, pcm: FloatArray, sample_rate: int = SAMPLE_RATE) -> None:
    """Write float32 (samples,) mono or (samples, channels) as a 16-bit PCM WAV file."""
    if pcm.ndim not in (1, 2):
        raise AudioError(f"sound of shape {pcm.shape} is neither (samples,) nor (samples, channels)")
    _check_rates(sample_rate)
    soundfile.write(Path(path), to_pcm16(pcm), sample_rate, subtype="PCM_16", format="WAV")
