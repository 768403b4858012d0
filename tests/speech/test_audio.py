"""Loading, resampling, PCM16 and framing of sound."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from speech import audio
from speech.audio import AudioError, StreamingResampler, load_audio, resample


def tone(seconds: float, rate: int, hertz: float = 440.0, level: float = 0.5) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def test_constants_cut_a_second_into_25_frames() -> None:
    assert audio.FRAME_SAMPLES * audio.FRAME_RATE == audio.SAMPLE_RATE == 16_000
    assert audio.FRAME_SAMPLES == 640


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000, 96_000])
def test_any_rate_is_loaded_at_16_khz_with_the_tone_where_it_was(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, tone(1, rate), rate)
    pcm = load_audio(path)
    assert pcm.dtype == np.float32 and abs(len(pcm) - 16_000) <= 1
    assert int(np.argmax(np.abs(np.fft.rfft(pcm[:16_000])))) == 440


def test_eight_channels_are_averaged(tmp_path: Path) -> None:
    path = tmp_path / "eight.wav"
    channels = np.stack([np.full(1600, 0.1 * n, np.float32) for n in range(8)], axis=1)
    soundfile.write(path, channels, 16_000, subtype="FLOAT")
    np.testing.assert_allclose(load_audio(path), 0.35, atol=1e-6)


@pytest.mark.parametrize("suffix", [".flac", ".ogg", ".aiff", ".au"])
def test_formats_of_libsndfile_are_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"tone{suffix}"
    soundfile.write(path, tone(0.5, 16_000), 16_000)
    assert abs(len(load_audio(path)) - 8_000) <= 16


def test_a_video_file_s_sound_is_read(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48_000, layout="stereo")
        stereo = np.repeat(tone(1, 48_000)[None], 2, axis=0)
        frame = av.AudioFrame.from_ndarray(stereo, format="fltp", layout="stereo")
        frame.rate = 48_000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    pcm = load_audio(path)
    assert 0.9 < len(pcm) / 16_000 < 1.2
    assert abs(int(np.argmax(np.abs(np.fft.rfft(pcm[:16_000])))) - 440) <= 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"this is a text file, not a recording\n" * 50, "neither libsndfile nor FFmpeg"),
        (bytes(range(256)) * 40, "neither libsndfile nor FFmpeg|no samples|no sound track"),
        (
            b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt "
            + struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16) + b"data" + struct.pack("<I", 0),
            "no samples",
        ),
    ],
    ids=["empty", "text", "bytes", "header only"],
)  # fmt: skip
def test_what_is_not_sound_is_refused_by_name(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=reason) as error:
        load_audio(path)
    assert "broken.wav" in str(error.value)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"nowhere\.wav.*no such file"):
        load_audio(tmp_path / "nowhere.wav")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite_are_refused_with_their_place(tmp_path: Path, bad: float) -> None:
    path = tmp_path / "nan.wav"
    pcm = tone(0.1, 16_000)
    pcm[123] = bad
    soundfile.write(path, pcm, 16_000, subtype="FLOAT")
    with pytest.raises(AudioError, match="sample 123 is not a finite number"):
        load_audio(path)


def test_a_ten_minute_file_is_refused_under_a_limit_of_a_minute_and_read_without(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(600 * 8_000, np.int16), 8_000)
    with pytest.raises(AudioError, match=r"long\.wav.*limit of 60 s"):
        load_audio(path, max_seconds=60)
    assert len(load_audio(path)) == 600 * 16_000


def test_a_file_exactly_at_the_limit_is_read(tmp_path: Path) -> None:
    path = tmp_path / "limit.wav"
    soundfile.write(path, np.zeros(16_000, np.int16), 16_000)
    assert len(load_audio(path, max_seconds=1)) == 16_000


def test_one_sample_is_legal(tmp_path: Path) -> None:
    path = tmp_path / "one.wav"
    soundfile.write(path, np.array([0.5], np.float32), 16_000, subtype="FLOAT")
    np.testing.assert_array_equal(load_audio(path), np.array([0.5], np.float32))


def test_silent_and_clipped_files_are_legal_and_recognised_as_such(tmp_path: Path) -> None:
    silent, clipped = tmp_path / "silent.wav", tmp_path / "clipped.wav"
    soundfile.write(silent, np.zeros(16_000, np.float32), 16_000)
    soundfile.write(clipped, np.clip(tone(1, 16_000, level=4), -1, 1), 16_000)
    assert audio.is_silent(load_audio(silent)) and audio.clipping_ratio(load_audio(silent)) == 0
    assert not audio.is_silent(load_audio(clipped)) and audio.clipping_ratio(load_audio(clipped)) > 0.5


def test_one_word_in_a_long_pause_is_not_silence() -> None:
    pcm = np.zeros(160_000, np.float32)
    assert audio.is_silent(pcm)
    pcm[80_000:80_640] = tone(0.04, 16_000, level=0.01)
    assert not audio.is_silent(pcm)


def test_a_loud_last_sample_counts_despite_the_padding_of_its_frame() -> None:
    assert not audio.is_silent(np.full(641, 0.0011, np.float32))
    assert audio.is_silent(np.full(641, 0.0009, np.float32))
    assert audio.is_silent(np.zeros(0, np.float32))


@pytest.mark.parametrize("rates", [(16_000, 24_000), (22_050, 16_000), (48_000, 16_000), (16_000, 16_000)])
@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 6_000), max_size=6), seed=st.integers(0, 99))
def test_resampling_in_pieces_equals_resampling_the_whole(
    rates: tuple[int, int], cuts: list[int], seed: int
) -> None:
    pcm = np.random.default_rng(seed).uniform(-1, 1, 6_000).astype(np.float32)
    stream = StreamingResampler(*rates)
    bounds = [0, *sorted(cuts), len(pcm)]
    pieces = [stream.push(pcm[a:b], last=n == len(bounds) - 2) for n, (a, b) in enumerate(pairwise(bounds))]
    np.testing.assert_allclose(np.concatenate(pieces), resample(pcm, *rates), atol=1e-6)


def test_a_resampler_refuses_sound_after_its_last_piece_until_reset() -> None:
    stream = StreamingResampler(48_000, 16_000)
    first = stream.push(tone(0.1, 48_000), last=True)
    with pytest.raises(AudioError, match="reset"):
        stream.push(tone(0.1, 48_000))
    stream.reset()
    np.testing.assert_array_equal(stream.push(tone(0.1, 48_000), last=True), first)


@pytest.mark.parametrize("rate", [0, -16_000])
def test_a_sample_rate_that_is_not_positive_is_refused(rate: int) -> None:
    with pytest.raises(AudioError, match=str(rate)):
        resample(tone(0.1, 16_000), rate, 16_000)


floats = hnp.arrays(np.float32, hnp.array_shapes(max_dims=2), elements=st.floats(-4, 4, width=32))


@given(floats)
def test_pcm16_there_and_back_is_within_half_a_step_of_the_clipped_sound(pcm: np.ndarray) -> None:
    back = audio.from_pcm16(audio.to_pcm16(pcm))
    assert back.dtype == np.float32 and back.shape == pcm.shape
    np.testing.assert_allclose(back, np.clip(pcm, -1, 1), atol=0.5 / audio.PCM16_SCALE + 1e-7)


@given(floats)
def test_pcm16_is_symmetric(pcm: np.ndarray) -> None:
    np.testing.assert_array_equal(audio.to_pcm16(-pcm), -audio.to_pcm16(pcm))


@given(hnp.arrays(np.int16, st.integers(0, 64)))
def test_pcm16_to_floats_and_back_keeps_every_integer(pcm: np.ndarray) -> None:
    np.testing.assert_array_equal(audio.to_pcm16(audio.from_pcm16(pcm)), np.maximum(pcm, -32_767))
    assert np.abs(audio.from_pcm16(pcm)).max(initial=0) <= 1


def test_nan_is_never_written_as_pcm16() -> None:
    with pytest.raises(AudioError, match="NaN"):
        audio.to_pcm16(np.array([0.0, np.nan], np.float32))


@given(st.integers(0, 2_000), st.integers(1, 700))
def test_frames_hold_every_sample_in_order_and_pad_the_last(samples: int, size: int) -> None:
    pcm = np.arange(1, samples + 1, dtype=np.float32)
    cut = audio.frames(pcm, size)
    assert cut.shape == (-(-samples // size), size)
    np.testing.assert_array_equal(cut.ravel()[:samples], pcm)
    assert not cut.ravel()[samples:].any()


@pytest.mark.parametrize("shape", [(1_600,), (1_600, 2)])
def test_a_written_wav_file_reads_back_as_16_bit_pcm(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = tmp_path / "out.wav"
    pcm = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    audio.write_wav(path, pcm, 24_000)
    read, rate = soundfile.read(path, dtype="int16")
    assert rate == 24_000 and soundfile.info(path).subtype == "PCM_16"
    np.testing.assert_array_equal(read, audio.to_pcm16(pcm))


def test_sound_of_three_dimensions_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"\(2, 2, 2\)"):
        audio.write_wav(tmp_path / "no.wav", np.zeros((2, 2, 2), np.float32))


def test_level_is_in_decibels_below_full_scale() -> None:
    assert audio.level_dbfs(np.full(100, 0.1, np.float32)) == pytest.approx(-20, abs=1e-4)
    assert audio.level_dbfs(np.zeros(10, np.float32)) == audio.level_dbfs(np.zeros(0, np.float32)) == -np.inf
