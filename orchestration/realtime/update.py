"""A client's wishes for its session, field by field: what can be done is done, the rest is said."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from agents.language_model import Tool
from orchestration.realtime.dialect import BETA_FORMATS
from orchestration.realtime.problems import EventError, unsupported, wrong_type
from orchestration.realtime.settings import EAGER_SILENCE, Settings, TurnDetection

MAX_INSTRUCTIONS: Final = 16_000  # characters
MAX_TOOLS: Final = 128
MAX_OUTPUT_TOKENS: Final = 4_096
_FORMATS: Final = {beta: name for name, beta in BETA_FORMATS.items()}
_THRESHOLDS: Final = (0.05, 0.95)
_SILENCES_MS: Final = (80, 5_000)
_PREFIXES_MS: Final = (0, 1_880)
# Fields that may be sent with these values, since they then say what holds anyway.
_FIXED: Final[dict[str, tuple[Any, ...]]] = {
    "type": ("realtime",),
    "object": ("realtime.session",),
    "include": (None, []),
    "tracing": (None,),
    "truncation": (None, "auto", "disabled"),
    "prompt": (None,),
    "reasoning": (None,),
    "parallel_tool_calls": (None, False, True),
    "temperature": (None,),
    "expires_at": (None, 0),
    "client_secret": (None,),
    "audio.input.noise_reduction": (None,),
    "audio.output.speed": (None, 1, 1.0),
}
# The flat names of the beta, and of a response's own settings.
_FLAT: Final = {
    "modalities": "output_modalities",
    "voice": "audio.output.voice",
    "input_audio_format": "audio.input.format",
    "output_audio_format": "audio.output.format",
    "input_audio_transcription": "audio.input.transcription",
    "input_audio_noise_reduction": "audio.input.noise_reduction",
    "speed": "audio.output.speed",
    "turn_detection": "audio.input.turn_detection",
    "max_response_output_tokens": "max_output_tokens",
}
_IGNORED: Final = frozenset({"id", "model"})  # fixed when the connection was opened
RESPONSE_FIELDS: Final = frozenset(
    {
        "instructions",
        "output_modalities",
        "audio.output.voice",
        "audio.output.format",
        "tools",
        "tool_choice",
        "max_output_tokens",
        "parallel_tool_calls",
        "prompt",
        "reasoning",
        "temperature",
    }
)


class Wishes:
    """Applies wishes to settings; ``problems`` lists what could not be done."""

    def __init__(self, settings: Settings, voices: Collection[str], language: str | None) -> None:
        self.settings = settings
        self.problems: list[EventError] = []
        self._voices = voices  # names that a client may choose, the one in use among them
        self._language = language  # that the recogniser is fixed to, if it is
        self._setters: dict[str, Callable[[str, Any], None]] = {
            "instructions": self._instructions,
            "output_modalities": self._modalities,
            "audio.input.format": self._input_format,
            "audio.output.format": self._output_format,
            "audio.input.transcription": self._transcription,
            "audio.input.turn_detection": self._turn_detection,
            "audio.output.voice": self._voice,
            "tools": self._tools,
            "tool_choice": self._tool_choice,
            "max_output_tokens": self._max_output_tokens,
            "visavis.motion": self._motion,
        }

    def apply(
        self, session: Mapping[str, Any], at: str = "session", only: Collection[str] | None = None
    ) -> Settings:
        """Take the fields of a ``session`` or (with ``only``) a ``response`` object."""
        for path, value in _leaves(session):
            name = _FLAT.get(path, path)
            try:
                self._set(f"{at}.{path}", name, value, only)
            except EventError as error:
                self.problems.append(error)
        self._check_choice(at)
        return self.settings

    def _set(self, param: str, name: str, value: Any, only: Collection[str] | None) -> None:
        if name in _IGNORED:
            return
        if name in _FIXED:
            if value not in _FIXED[name]:
                raise unsupported(param, value, "leave it out")
            return
        setter = self._setters.get(name)
        if setter is None or (only is not None and name not in only):
            raise EventError(
                "unknown_parameter", f"{param} isn't known here", "leave it out; see docs/realtime.md", param
            )
        setter(param, value)

    def _change(self, **changes: Any) -> None:
        self.settings = replace(self.settings, **changes)

    # -- the fields -------------------------------------------------------------------------------

    def _instructions(self, param: str, value: Any) -> None:
        text = _expect(param, value, str, "a string")
        if len(text) > MAX_INSTRUCTIONS:
            raise EventError(
                "too_long", f"{param} has {len(text)} characters", f"send at most {MAX_INSTRUCTIONS}", param
            )
        self._change(instructions=text)

    def _modalities(self, param: str, value: Any) -> None:
        if not isinstance(value, list) or not value or any(name not in ("text", "audio") for name in value):
            raise unsupported(param, value, 'send ["audio"] or ["text"]')
        self._change(text_only="audio" not in value)

    def _input_format(self, param: str, value: Any) -> None:
        self._change(input_format=_format(param, value))

    def _output_format(self, param: str, value: Any) -> None:
        self._change(output_format=_format(param, value))

    def _transcription(self, param: str, value: Any) -> None:
        if value is None:
            self._change(transcription=None)
            return
        wish = _expect(param, value, dict, "an object, or null for none")
        language = _expect(f"{param}.language", wish.get("language") or "", str, "a language tag")
        if language and self._language and language.split("-")[0] != self._language:
            self.problems.append(
                unsupported(f"{param}.language", language, f"this server hears {self._language!r}")
            )
            language = self._language
        for name in wish.keys() - {"model", "language"}:
            if wish[name]:
                self.problems.append(unsupported(f"{param}.{name}", wish[name], "leave it out"))
        kept = {"model": str(wish.get("model") or "whisper-1")}
        self._change(transcription=kept | ({"language": language} if language else {}))

    def _turn_detection(self, param: str, value: Any) -> None:
        if value is None:
            self._change(turn_detection=None)
            return
        wish = _expect(param, value, dict, "an object, or null for turns that the client ends")
        now = self.settings.turn_detection or TurnDetection()
        kind = wish.get("type", now.kind)
        if kind not in ("server_vad", "semantic_vad"):
            raise unsupported(f"{param}.type", kind, "send server_vad, semantic_vad or null")
        changes: dict[str, Any] = {"kind": kind}
        for name, wished in wish.items():
            if name == "type" or wished is None:
                continue
            try:
                changes |= _detection(f"{param}.{name}", name, wished, kind)
            except EventError as error:
                self.problems.append(error)
        self._change(turn_detection=replace(now, **changes))

    def _voice(self, param: str, value: Any) -> None:
        name = value.get("id") if isinstance(value, dict) else value
        if not isinstance(name, str):
            raise wrong_type(param, value, "a voice's name")
        if name not in self._voices:
            known = ", ".join(sorted(self._voices)) or "none, this server has one voice"
            raise unsupported(param, name, f"known voices: {known}")
        self._change(voice=name)

    def _tools(self, param: str, value: Any) -> None:
        wished = _expect(param, value, list, "a list of functions")
        if len(wished) > MAX_TOOLS:
            raise EventError(
                "too_long", f"{param} has {len(wished)} entries", f"send at most {MAX_TOOLS}", param
            )
        tools = []
        for index, entry in enumerate(wished):
            try:
                tools.append(_tool(f"{param}[{index}]", entry))
            except EventError as error:
                self.problems.append(error)
        self._change(tools=tuple(tools))

    def _tool_choice(self, param: str, value: Any) -> None:
        if isinstance(value, str) and value in ("auto", "none", "required"):
            self._change(tool_choice=value)
        elif isinstance(value, dict) and value.get("type") == "function":
            inner = value.get("function")
            name = inner.get("name") if isinstance(inner, dict) else value.get("name")
            self._change(tool_choice={"type": "function", "name": str(name)})
        else:
            raise unsupported(param, value, "send auto, none, required, or a function by name")

    def _max_output_tokens(self, param: str, value: Any) -> None:
        if value in (None, "inf"):
            self._change(max_output_tokens=None)
        elif isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_OUTPUT_TOKENS:
            self._change(max_output_tokens=value)
        else:
            raise unsupported(param, value, f'send 1 to {MAX_OUTPUT_TOKENS}, or "inf"')

    def _motion(self, param: str, value: Any) -> None:
        self._change(motion=_expect(param, value, bool, "true or false"))

    def _check_choice(self, at: str) -> None:
        choice = self.settings.tool_choice
        names = {tool.name for tool in self.settings.tools}
        if isinstance(choice, dict) and choice["name"] not in names:
            self.problems.append(
                unsupported(f"{at}.tool_choice", choice["name"], "choose one of the session's tools")
            )
            self._change(tool_choice="auto")


_BRANCHES: Final = frozenset({"audio", "audio.input", "audio.output", "visavis"})


def _leaves(session: Mapping[str, Any], at: str = "") -> list[tuple[str, Any]]:
    """Every field by its dotted name; what holds further fields is looked into."""
    found: list[tuple[str, Any]] = []
    for name, value in session.items():
        path = f"{at}{name}"
        if path in _BRANCHES and isinstance(value, Mapping):
            found += _leaves(value, f"{path}.")
        elif not (path in _BRANCHES and value is None):
            found.append((path, value))
    return found


def _expect(param: str, value: Any, type: type, expected: str) -> Any:
    if not isinstance(value, type):
        raise wrong_type(param, value, expected)
    return value


def _format(param: str, value: Any) -> str:
    """The format's name, from an object or the beta's flat word."""
    if isinstance(value, str):
        name, rate = _FORMATS.get(value, value), None
    else:
        wish = _expect(param, value, dict, "an object with a type")
        name, rate = wish.get("type", "audio/pcm"), wish.get("rate")
    if name not in BETA_FORMATS:
        raise unsupported(param, value, f"send one of: {', '.join(BETA_FORMATS)}")
    if name == "audio/pcm" and rate not in (None, 24_000):
        raise unsupported(f"{param}.rate", rate, "send 24000")
    return str(name)


def _detection(param: str, name: str, value: Any, kind: str) -> dict[str, Any]:
    """One field of ``turn_detection``, under its own name here."""
    match name:
        case "create_response" | "interrupt_response":
            return {name: _expect(param, value, bool, "true or false")}
        case "eagerness" if kind == "semantic_vad":
            if value not in tuple(EAGER_SILENCE):
                raise unsupported(param, value, f"send one of: {', '.join(EAGER_SILENCE)}")
            return {"eagerness": value}
        case "threshold" if kind == "server_vad":
            return {"threshold": _number(param, value, *_THRESHOLDS)}
        case "silence_duration_ms" if kind == "server_vad":
            return {"silence_ms": round(_number(param, value, *_SILENCES_MS))}
        case "prefix_padding_ms" if kind == "server_vad":
            return {"prefix_ms": round(_number(param, value, *_PREFIXES_MS))}
    raise unsupported(param, value, f"leave it out of {kind}")


def _number(param: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type(param, value, "a number")
    if not low <= value <= high:
        raise unsupported(param, value, f"send {low:g} to {high:g}")
    return value


def _tool(param: str, entry: Any) -> Tool:
    wish = _expect(param, entry, dict, "a function")
    if wish.get("type", "function") != "function":
        raise unsupported(f"{param}.type", wish.get("type"), "send functions only")
    name, parameters = wish.get("name"), wish.get("parameters") or {}
    if not isinstance(name, str) or not name:
        raise wrong_type(f"{param}.name", name, "the function's name")
    if not isinstance(parameters, dict):
        raise wrong_type(f"{param}.parameters", parameters, "a JSON schema")
    return Tool(name, str(wish.get("description") or ""), parameters)
