"""What a client may set for its session, and what holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from agents.language_model import Tool, Toolbox
from orchestration.realtime.audio import RATES
from orchestration.realtime.dialect import BETA_FORMATS, Dialect
from speech.end_of_turn import EndOfTurnConfig

Eagerness = Literal["low", "medium", "high", "auto"]
EAGER_SILENCE: Final[dict[Eagerness, float | None]] = {  # seconds that end a turn; None: the server's own
    "low": 1.2,
    "medium": None,
    "auto": None,
    "high": 0.32,
}
HYSTERESIS: Final = 0.15  # probability by which speech may fall before it is over


@dataclass(frozen=True, slots=True)
class TurnDetection:
    """How the server decides that the user's turn is over."""

    kind: Literal["server_vad", "semantic_vad"] = "server_vad"
    threshold: float = 0.5  # probability of speech, 0..1
    silence_ms: int = 500
    prefix_ms: int = 300
    eagerness: Eagerness = "auto"
    create_response: bool = True
    interrupt_response: bool = True

    def end_of_turn(self, base: EndOfTurnConfig) -> EndOfTurnConfig:
        """The policy that does this, with the server's own options for everything else."""
        if self.kind == "semantic_vad":
            silence = EAGER_SILENCE[self.eagerness] or base.silence
            return base.model_copy(update={"silence": silence, "pause": min(base.pause, silence)})
        silence = self.silence_ms / 1000
        return base.model_copy(
            update={
                "start_threshold": self.threshold,
                "end_threshold": max(0.02, self.threshold - HYSTERESIS),
                "silence": silence,
                "pause": min(base.pause, silence),
            }
        )

    def wire(self) -> dict[str, Any]:
        """As in ``turn_detection``."""
        common = {
            "type": self.kind,
            "create_response": self.create_response,
            "interrupt_response": self.interrupt_response,
        }
        if self.kind == "semantic_vad":
            return common | {"eagerness": self.eagerness}
        return common | {
            "threshold": self.threshold,
            "silence_duration_ms": self.silence_ms,
            "prefix_padding_ms": self.prefix_ms,
        }


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a session's client may change."""

    instructions: str
    voice: str
    turn_detection: TurnDetection | None = TurnDetection()
    text_only: bool = False
    input_format: str = "audio/pcm"
    output_format: str = "audio/pcm"
    transcription: dict[str, Any] | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: str | dict[str, Any] = "auto"
    max_output_tokens: int | None = None  # None: as many as the server allows
    motion: bool = True

    def toolbox(self) -> Toolbox | None:
        """The tools that a reply may use; None for none."""
        if not self.tools or self.tool_choice == "none":
            return None
        if isinstance(self.tool_choice, dict):
            return Toolbox(self.tools, "required", self.tool_choice["name"])
        return Toolbox(self.tools, "required" if self.tool_choice == "required" else "auto")

    def wire(self, dialect: Dialect) -> dict[str, Any]:
        """The fields of a ``session`` object that come from here."""
        detection = None if self.turn_detection is None else self.turn_detection.wire()
        common = {
            "instructions": self.instructions,
            "tools": [_tool(tool) for tool in self.tools],
            "tool_choice": self.tool_choice,
        }
        limit = "inf" if self.max_output_tokens is None else self.max_output_tokens
        if dialect is Dialect.BETA:
            return common | {
                "modalities": ["text"] if self.text_only else ["text", "audio"],
                "voice": self.voice,
                "input_audio_format": BETA_FORMATS[self.input_format],
                "output_audio_format": BETA_FORMATS[self.output_format],
                "input_audio_transcription": self.transcription,
                "turn_detection": detection,
                "max_response_output_tokens": limit,
            }
        return common | {
            "output_modalities": ["text"] if self.text_only else ["audio"],
            "audio": {
                "input": {
                    "format": format_wire(self.input_format),
                    "noise_reduction": None,
                    "transcription": self.transcription,
                    "turn_detection": detection,
                },
                "output": {
                    "format": format_wire(self.output_format),
                    "voice": self.voice,
                    "speed": 1.0,
                },
            },
            "max_output_tokens": limit,
        }


def format_wire(name: str) -> dict[str, Any]:
    """An audio format as the protocol writes it."""
    return {"type": name, "rate": RATES[name]} if name == "audio/pcm" else {"type": name}


def _tool(tool: Tool) -> dict[str, Any]:
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.parameters),
    }
