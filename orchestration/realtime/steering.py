"""The settings in force, and what they do to the session."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from agents.dialogue import TURN_OVERHEAD, estimate_tokens
from avatar.motion import NAMES
from orchestration.gateway.choice import Choice
from orchestration.gateway.host import SessionHost
from orchestration.media import FRAME_RATE
from orchestration.realtime.dialect import Dialect
from orchestration.realtime.items import Items
from orchestration.realtime.problems import EventError, unsupported
from orchestration.realtime.settings import Settings, TurnDetection
from orchestration.realtime.turns import AdjustableEndOfTurn
from orchestration.realtime.update import RESPONSE_FIELDS, Wishes
from orchestration.session.observer import ReplyRequest
from orchestration.session.session import Session

ROOM_TO_TALK: Final = 128  # tokens of the dialogue that instructions and tools must leave


class Steering:
    """Holds one client's settings and applies them."""

    def __init__(
        self,
        host: SessionHost,
        choice: Choice,
        items: Items,
        end_of_turn: AdjustableEndOfTurn,
        model: str,
    ) -> None:
        configuration = host.configuration
        self.session_name = ""
        self._model = model
        self._expires_at = int(time.time() + configuration.session.max_length_min * 60)
        self._host = host
        self._choice = choice
        self._items = items
        self._end_of_turn = end_of_turn
        self._base = configuration.end_of_turn
        self._drafts = configuration.session.draft_replies
        self._budget = configuration.session.dialogue_tokens
        voice = choice.voice or "default"
        self._voices = {*configuration.synthesizer.voices, voice}
        self._language = configuration.recognizer.language
        base = configuration.end_of_turn
        detection = TurnDetection(threshold=base.start_threshold, silence_ms=round(base.silence * 1000))
        self.settings = Settings(choice.persona.system_prompt(), voice, detection)

    def wire(self, dialect: Dialect) -> dict[str, Any]:
        """The ``session`` object as it is now; ``visavis`` holds what is ours."""
        wire = {
            "id": f"sess_{self.session_name}",
            "object": "realtime.session",
            "model": self._model,
            "expires_at": self._expires_at,
            **self.settings.wire(dialect),
            "visavis": {"motion": self.settings.motion, "motion_names": NAMES, "fps": FRAME_RATE},
        }
        return wire if dialect is Dialect.BETA else wire | {"type": "realtime"}

    def update(self, wishes: Mapping[str, Any], session: Session) -> list[EventError]:
        """Take what can be done of a ``session`` object, and return what can't."""
        taken = Wishes(self.settings, self._voices, self._language)
        wished = taken.apply(wishes)
        if self._tokens(wished) > self._budget - ROOM_TO_TALK:
            taken.problems.append(self._too_long(wished, "session.instructions"))
            wished = replace(wished, instructions=self.settings.instructions, tools=self.settings.tools)
        voice_changed = wished.voice != self.settings.voice
        self.settings = wished
        if voice_changed:
            session.conversation.engines = self._host.engines_for(replace(self._choice, voice=wished.voice))
        self.apply(session)
        return taken.problems

    def of_response(self, wishes: Mapping[str, Any]) -> tuple[Settings, list[EventError]]:
        """The settings of one response, and what can't be done."""
        taken = Wishes(self.settings, self._voices, self._language)
        wished = taken.apply(wishes, "response", RESPONSE_FIELDS)
        if wished.voice != self.settings.voice:
            taken.problems.append(
                unsupported("response.voice", wished.voice, "change the session's voice instead")
            )
            wished = replace(wished, voice=self.settings.voice)
        if self._tokens(wished) > self._budget - ROOM_TO_TALK:
            taken.problems.append(self._too_long(wished, "response.instructions"))
            wished = replace(wished, instructions=self.settings.instructions, tools=self.settings.tools)
        return wished, taken.problems

    def apply(self, session: Session) -> None:
        """Make the settings hold from now on."""
        settings, detection = self.settings, self.settings.turn_detection
        conversation = session.conversation
        answers = detection is not None and detection.create_response
        # The client stops its playback when it is told that speech began: the agent gives way then as well.
        conversation.adjust(
            barge_in=detection is not None and detection.interrupt_response,
            barge_in_after=0.0,
            interruption=None,
            answer_turns=answers,
            draft=answers and self._drafts,
        )
        if detection is not None and detection.kind == "server_vad":
            conversation.adjust(pre_roll=self._base.min_speech + detection.prefix_ms / 1000)
        self._end_of_turn.use(None if detection is None else detection.end_of_turn(self._base))
        self._items.instructions = settings.instructions
        self._items.reserved = _tool_tokens(settings)
        conversation.request = request_of(settings)

    def _tokens(self, settings: Settings) -> int:
        return estimate_tokens(settings.instructions) + TURN_OVERHEAD + _tool_tokens(settings)

    def _too_long(self, settings: Settings, param: str) -> EventError:
        return EventError(
            "too_long",
            f"instructions and tools take about {self._tokens(settings)} tokens of {self._budget}, "
            f"and {ROOM_TO_TALK} must be left",
            "shorten them, or raise session.dialogue_tokens on the server",
            param,
        )


def request_of(settings: Settings) -> ReplyRequest:
    """What a reply under these settings may do."""
    return ReplyRequest(settings.toolbox(), not settings.text_only, settings.max_output_tokens)


def _tool_tokens(settings: Settings) -> int:
    return sum(
        estimate_tokens(tool.name + tool.description + json.dumps(dict(tool.parameters)))
        for tool in settings.tools
    )
