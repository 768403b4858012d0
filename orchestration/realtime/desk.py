"""Everything of one realtime session put together, and the sink that its session writes to."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Final

from orchestration.gateway.choice import Choice
from orchestration.gateway.host import SessionHost
from orchestration.gateway.limits import session_options
from orchestration.media import FloatArray
from orchestration.protocol import AgentFrame, Event
from orchestration.realtime.actions import Actions
from orchestration.realtime.items import Items
from orchestration.realtime.outbox import Outbox
from orchestration.realtime.responses import Responses
from orchestration.realtime.steering import Steering
from orchestration.realtime.turns import AdjustableEndOfTurn
from orchestration.realtime.user_turns import UserTurns
from orchestration.recording.recording import Recording
from orchestration.session.events import EventType
from orchestration.session.session import Session

MOTION_DECIMALS: Final = 4


class Desk:
    """Opens a session for a client and translates what it tells; ``Sink`` of that session.

    Raises ``ServerFull`` when there is no room.
    """

    def __init__(self, host: SessionHost, choice: Choice, outbox: Outbox, model: str) -> None:
        configuration = host.configuration
        persona = choice.persona
        self._outbox = outbox
        self._apology = persona.apology if configuration.session.fallback == "apology" else ""
        self.recording: Recording | None = None
        end_of_turn = AdjustableEndOfTurn(configuration.end_of_turn)
        items = Items(persona.system_prompt(), configuration.session.dialogue_tokens)
        self._steering = Steering(host, choice, items, end_of_turn, model)
        self._responses = Responses(outbox, items, lambda: self._steering.settings)
        onset_ms = round(configuration.end_of_turn.min_speech * 1000)
        self._turns = UserTurns(
            outbox, items, lambda: self._steering.settings, end_of_turn, onset_ms, self._record
        )
        options = replace(session_options(configuration, persona), ear_gaps=True)

        def build(name: str) -> Session:
            self.name = name
            return Session(
                name,
                replace(host.engines_for(choice), open_turn_judge=None),  # the client's own settings decide
                end_of_turn,
                items,
                host.clock,
                host.traces.tap(host.live_links.tap(self, name), name),
                options,
                seed=secrets.randbelow(2**31),
                acknowledges=False,  # what was sent counts as heard, until the client truncates it
                observer=self._responses,
            )

        self.session = host.place(build)
        self._steering.session_name = self.name
        self._steering.apply(self.session)
        self.actions = Actions(self.session, outbox, items, self._responses, self._turns, self._steering)

    def greet(self) -> None:
        """Tell the client what holds."""
        self._outbox.post("session.created", session=self.actions.session_wire())

    def _record(self, pts: int, pcm: FloatArray) -> None:
        if self.recording is not None:
            self.recording.user_frame(pts, pcm)

    # -- Sink -------------------------------------------------------------------------------------

    def frame(self, frame: AgentFrame) -> None:
        """One packet: its sound while the agent speaks, its face always."""
        if self.recording is not None:
            self.recording.frame(frame)
        self._turns.frame(frame)
        self._responses.frame(frame)
        if self._steering.settings.motion:
            response = self._responses.active
            self._outbox.post(
                "visavis.motion",
                response_id=None if response is None else response.id,
                pts=frame.pts,
                generation=frame.generation,
                motion=[round(value, MOTION_DECIMALS) for value in frame.motion.tolist()],
            )

    def event(self, event: Event) -> None:
        """Something happened."""
        if self.recording is not None:
            self.recording.event(event)
        self._turns.event(event)
        match event.type:
            case EventType.REPLY_TEXT:
                self._responses.words(event.data["text"])
            case EventType.FALLBACK if event.data["what"] == "fallback":  # no engine stood in
                self._responses.failed(event.data["message"], self._apology)
            case EventType.PROBLEM:
                self._responses.failed(event.data["message"], "")
