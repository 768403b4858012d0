"""What happens in a session, as others see it."""

from __future__ import annotations

from enum import StrEnum


class EventType(StrEnum):
    """Types of session events; docs/protocol.md says what each carries."""

    SESSION_STARTED = "session_started"
    SESSION_ENDED = "session_ended"
    FLOOR = "floor"
    SPEECH_STARTED = "user_speech_started"
    SPEECH_PAUSED = "user_speech_paused"
    SPEECH_RESUMED = "user_speech_resumed"
    TURN_ENDED = "user_turn_ended"
    PARTIAL_TRANSCRIPT = "partial_transcript"
    FINAL_TRANSCRIPT = "final_transcript"
    NOTHING_HEARD = "nothing_heard"
    FIRST_TOKEN = "first_token"
    REPLY_TEXT = "reply_text"
    MISBEHAVED = "reply_misbehaved"
    BACKCHANNEL = "backchannel"
    FILLER = "filler"
    FIRST_SOUND = "first_sound"
    MOUTH_OPEN = "mouth_open"
    REPLY_FINISHED = "reply_finished"
    HELD = "reply_held"
    RESUMED_REPLY = "reply_resumed"
    INTERRUPTED = "interrupted"
    HEARD = "reply_heard"
    LATENCY = "turn_latency"
    ENGINE_FAILED = "engine_failed"
    FALLBACK = "fallback"
    TOOL_CALLED = "tool_called"
    TOOL_RESULT = "tool_result"
    PERSONA = "persona"
    CLOSING = "closing"
    PROBLEM = "problem"
