"""Handing the conversation to another persona: decided in a reply or by the client, done between turns."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agents.dialogue import Dialogue, DialogueError
from agents.language_model import Message, Tool, ToolCall, ToolCallDelta
from agents.persona import Persona
from agents.tools.outcome import Outcome, ToolFailure
from orchestration.engines import Engines
from orchestration.media import FRAME_SECONDS
from orchestration.session.conversation import Conversation
from orchestration.session.events import EventType
from orchestration.session.floor import Floor
from orchestration.session.observer import ReplyRequest
from orchestration.session.options import ConversationOptions
from orchestration.session.timeline import Timeline
from orchestration.session.utterance import Utterance

log = logging.getLogger(__name__)

HAND_OFF: Final = "hand_off"
SETTLE_SECONDS: Final = 5.0  # longest wait for word of what was heard of the old persona
REASON_CHARACTERS: Final = 300


@dataclass(frozen=True, slots=True)
class Role:
    """All that changes with the persona."""

    persona: Persona
    voice: str
    head: str
    engines: Engines
    options: ConversationOptions  # whose limits of a reply and whose initiative are taken over
    request: ReplyRequest  # of replies to spoken turns


@dataclass(frozen=True, slots=True)
class _Wish:
    to: str
    reason: str
    speaks: bool  # the new persona goes on by itself


class HandOff:
    """One session's hand-offs: a ``ToolSource`` for the model, and a ``ReplyObserver`` which waits.

    The old persona's reply is spoken to its end and remembered as far as it was heard. Then the system
    prompt, the voice, the head and the tools are the new persona's, with the dialogue carried over, and it
    goes on by itself where the model handed over, unless the user was faster. A hand-off whose reply is
    withdrawn before anything of it was heard doesn't happen.
    """

    def __init__(
        self, offered: Mapping[str, Persona], play: Callable[[str], Role], dialogue: Dialogue
    ) -> None:
        self._offered = offered
        self._play = play
        self._dialogue = dialogue
        self._conversation: Conversation | None = None
        self._timeline: Timeline | None = None
        self._wish: _Wish | None = None
        self._switching: asyncio.Task[None] | None = None

    def attach(self, conversation: Conversation, timeline: Timeline) -> None:
        """The conversation that is handed over."""
        self._conversation, self._timeline = conversation, timeline

    @property
    def persona(self) -> Persona:
        """Who speaks now."""
        return self._dialogue.persona

    def request(self, to: str) -> None:
        """The client wants to talk with ``to``, a key of the offered personas, as soon as nobody speaks."""
        if to != self.persona.key:
            self._wish = _Wish(to, "", speaks=False)
            floor = None if self._conversation is None else self._conversation.floor
            if floor in (Floor.NOBODY, Floor.USER):
                self._begin(self._wish, settle=floor is Floor.NOBODY)

    def close(self) -> None:
        """The session is over."""
        self._wish = None
        if self._switching is not None:
            self._switching.cancel()

    # -- ToolSource -------------------------------------------------------------------------------

    def tools(self) -> Sequence[Tool]:
        """The one tool, where there is somebody else."""
        others = {key: persona for key, persona in self._offered.items() if key != self.persona.key}
        if not others:
            return ()
        about = "; ".join(f"{key}: {persona.name}, {persona.role}" for key, persona in others.items())
        properties = {
            "to": {"type": "string", "enum": list(others)},
            "reason": {"type": "string", "description": "What the user wants, in one sentence."},
        }
        schema = {"type": "object", "properties": properties, "required": ["to"]}
        return (Tool(HAND_OFF, f"Hand the user over to somebody else. {about}", schema),)

    def why_missing(self, name: str) -> str | None:
        """Why nobody can be handed to."""
        return "there is nobody else to hand over to" if name == HAND_OFF else None

    async def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Note the wish; it is done once this reply is over. Raises ``ToolFailure`` for nobody we know."""
        to = str(arguments.get("to"))
        if to not in self._offered or to == self.persona.key:
            others = ", ".join(key for key in self._offered if key != self.persona.key)
            raise ToolFailure(Outcome.BAD_ARGUMENTS, f"nobody else here is called {to!r}; others: {others}")
        self._wish = _Wish(to, str(arguments.get("reason") or "")[:REASON_CHARACTERS], speaks=True)
        name = self._offered[to].name
        return f"{name} takes over when you have finished. Say in a few words that you hand over to {name}."

    # -- ReplyObserver ----------------------------------------------------------------------------

    def reply_began(self, utterance: Utterance, prompt: Sequence[Message]) -> None: ...

    def tool_call_piece(self, piece: ToolCallDelta) -> None: ...

    def tool_call(self, call: ToolCall) -> None: ...

    def tools_unsupported(self, message: str) -> None: ...

    def reply_over(self, utterance: Utterance, *, cancelled: bool) -> None:
        """The turn's boundary, if one was waited for."""
        wish = self._wish
        if wish is None:
            return
        if cancelled and wish.speaks and not utterance.sendings:
            self._wish = None
            return
        # After an interruption the user's next words settle what was heard: too late to wait for.
        self._begin(_Wish(wish.to, wish.reason, wish.speaks and not cancelled), settle=not cancelled)

    # -- the change -------------------------------------------------------------------------------

    def _begin(self, wish: _Wish, *, settle: bool) -> None:
        self._wish = None
        if self._switching is not None:
            self._switching.cancel()
        self._switching = asyncio.create_task(self._switch(wish, settle=settle))

    async def _switch(self, wish: _Wish, *, settle: bool) -> None:
        conversation, timeline = self._conversation, self._timeline
        if conversation is None or timeline is None:
            return
        asked_at = timeline.pts
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                # A session that is over doesn't tick any more: then nobody is told either.
                while timeline.pts == asked_at or (settle and not conversation.settled):  # noqa: ASYNC110
                    await asyncio.sleep(FRAME_SECONDS)
        except TimeoutError:
            if timeline.pts == asked_at:
                return
        if conversation.floor in (Floor.THINKING, Floor.AGENT):  # a reply was quicker: after that one
            self._wish = _Wish(wish.to, wish.reason, speaks=False)
            return
        before = self.persona
        try:
            self._dialogue.hand_over(self._offered[wish.to])
        except DialogueError as error:
            timeline.count("hand_off_failed", EventType.PROBLEM, f"{before.name} goes on: {error}")
            return
        role = self._play(wish.to)
        options = role.options
        conversation.recast(role.engines, role.request, reply=options.reply, initiative=options.initiative)
        timeline.emit(
            EventType.PERSONA,
            persona=role.persona.key,
            title=role.persona.name,
            voice=role.voice,
            head=role.head,
        )
        log.info("%s hands over to %s", before.name, role.persona.name, extra={"session": timeline.session})
        if wish.speaks and conversation.floor is Floor.NOBODY:
            cue = f"{before.name} has just handed the user over to you. {wish.reason}".rstrip()
            cue += f" Say in a few words that you are {role.persona.name}, and go on."
            conversation.answer(ReplyRequest(loop=role.request.loop, cue=cue))
