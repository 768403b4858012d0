"""The page decodes what this side encodes: both are held to the bytes of one file.

After a change of the protocol, write it again with ``python tests/web/test_protocol_bytes.py``.
"""

from __future__ import annotations

import json
from dataclasses import fields as dataclass_fields
from pathlib import Path
from typing import Any

import numpy as np

from orchestration.media import AGENT_FRAME_SAMPLES, MOTION_SIZE, USER_FRAME_SAMPLES
from orchestration.protocol import (
    AgentFrame,
    Bye,
    Error,
    Event,
    Hello,
    HistoryEntry,
    Message,
    Played,
    UserAudio,
    UserMotion,
    UserText,
    Welcome,
    decode,
    encode,
)

GOLDEN = Path(__file__).resolve().parents[2] / "web" / "tests" / "protocol" / "golden.json"
PCM16_PEAK = 32_767


def _ramp(samples: int) -> np.ndarray:
    """Sound that passes through both ends of the range and zero."""
    return np.linspace(-1.0, 1.0, samples, dtype=np.float32)


def _face() -> np.ndarray:
    """Eighths: exact in float32 and in JSON."""
    return (np.arange(MOTION_SIZE, dtype=np.float32) - 8) / 8


MESSAGES: tuple[Message, ...] = (
    Hello(client="page 1 ü", seed=2**31 - 1, consents_to_recording=True),
    Hello(
        persona="noor",
        voice="joan",
        language="de-AT",
        resume="token",
        history=(
            HistoryEntry(role="user", text="Where are you?"),
            HistoryEntry(role="agent", text="At the", interrupted=True),
        ),
    ),
    UserAudio(7, _ramp(USER_FRAME_SAMPLES), 2),
    Played(2**32 - 1, 3),
    UserText(text="hello — ¿qué tal? 👋"),
    UserMotion(9, _face(), 1),
    Bye(reason="done"),
    Welcome(
        version=1,
        session="00ff",
        fps=25,
        user_sample_rate=16_000,
        agent_sample_rate=24_000,
        motion_names=("jawOpen", "headYaw"),
        persona="Mira",
        recording=False,
        max_seconds=1800.5,
        max_message_bytes=65_536,
        voice="joe",
        head="mira",
        language="de",
        language_problem="no voice here speaks German",
        resume="next",
        resumed="memory",
        resume_within_s=120,
    ),
    AgentFrame(12, 4, _ramp(AGENT_FRAME_SAMPLES), _face(), user_pts=-1, speech=True, flush=True),
    AgentFrame(13, 4, _ramp(AGENT_FRAME_SAMPLES)[::-1], _face(), user_pts=11, speech=False, flush=False),
    Event(pts=3, t=0.12, type="turn_latency", generation=1, data={"decision": None, "first_sound": 1200.5}),
    Error(code="server_full", message="all 4 sessions are taken", remedy="try again later", fatal=True),
)


def _described(message: Message) -> dict[str, Any]:
    """A message's kind and fields, sound as PCM16."""
    if isinstance(message, Hello | Welcome | UserText | Bye | Event | Error):
        fields = message.model_dump(mode="json")
    else:
        fields = {
            name: getattr(message, name) for name in (field.name for field in dataclass_fields(message))
        }
        for name in ("pcm", "motion"):
            if name in fields:
                scale = PCM16_PEAK if name == "pcm" else 1
                values = np.asarray(fields[name], np.float64) * scale
                fields[name] = (np.rint(values).astype(int) if name == "pcm" else values).tolist()
    return {"kind": f"0x{message.kind:02x}", "fields": fields}


def golden() -> list[dict[str, Any]]:
    """What the file holds: each message's bytes and what they mean."""
    return [{"bytes": encode(message).hex(), **_described(message)} for message in MESSAGES]


def test_the_page_is_tested_on_the_bytes_that_this_side_sends():
    assert json.loads(GOLDEN.read_text("utf-8")) == golden(), "stale: python tests/web/test_protocol_bytes.py"


def test_the_golden_bytes_hold_every_kind_of_message_and_are_read_back():
    assert {type(decode(bytes.fromhex(entry["bytes"]))) for entry in golden()} == {
        Hello, Welcome, UserAudio, Played, UserText, UserMotion, Bye, AgentFrame, Event, Error
    }  # fmt: skip


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in golden())
    GOLDEN.write_text(f"[\n{lines}\n]\n", "utf-8")
    print(f"wrote {GOLDEN}")
