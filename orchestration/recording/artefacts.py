"""Writes a recording as the files that other programs rely on; their names and fields are fixed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from avatar.formats import write_csv, write_npz
from avatar.motion import MotionClip
from orchestration.media import AGENT_SAMPLE_RATE, USER_SAMPLE_RATE
from orchestration.recording.recording import Recording
from orchestration.recording.timeline import draw_timeline
from orchestration.recording.transcript import latencies, transcript
from speech.audio import write_wav


class EmptyRecording(ValueError):
    """There is not a single frame to write."""


def write_artefacts(recording: Recording, folder: Path, title: str = "Conversation") -> list[Path]:
    """Write sound, motion, transcript, events, latency and timeline into ``folder``; returns the paths.

    ``agent.wav`` (24 kHz), ``user.wav`` (16 kHz) and ``conversation.wav`` (24 kHz, user left, agent right)
    start together at pts 0 and last as long as the motion. Raises ``EmptyRecording`` if there is no frame.
    """
    if not recording.frames:
        raise EmptyRecording(f"nothing to write to {folder}: the session had no frame")
    folder.mkdir(parents=True, exist_ok=True)
    user, agent = recording.user_pcm(), recording.agent_pcm()
    write_wav(folder / "user.wav", user, USER_SAMPLE_RATE)
    write_wav(folder / "agent.wav", agent, AGENT_SAMPLE_RATE)
    left = soxr.resample(user, USER_SAMPLE_RATE, AGENT_SAMPLE_RATE)[: agent.size]
    left = np.pad(left, (0, agent.size - left.size)).astype(np.float32)
    write_wav(folder / "conversation.wav", np.stack((left, agent), axis=1), AGENT_SAMPLE_RATE)
    clip = MotionClip.of(recording.motion(), recording.pts())
    write_csv(folder / "motion.csv", clip)
    write_npz(folder / "motion.npz", clip)
    _write_json(folder / "transcript.json", transcript(recording.events))
    _write_json(folder / "latency.json", latencies(recording.events))
    lines = [event.model_dump_json() + "\n" for event in recording.events]
    (folder / "events.jsonl").write_text("".join(lines))
    draw_timeline(recording, folder / "timeline.png", title)
    return sorted(path for path in folder.iterdir() if path.is_file())


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
