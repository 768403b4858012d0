"""What the user says: appended sound, turns that the server or the client ends, and their items."""

from __future__ import annotations

import asyncio
from array import array
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from orchestration.media import FRAME_RATE, FloatArray
from orchestration.protocol import AgentFrame, Event
from orchestration.realtime.audio import UserSound
from orchestration.realtime.dialect import new_id
from orchestration.realtime.items import Item, Items
from orchestration.realtime.outbox import Outbox
from orchestration.realtime.problems import EventError
from orchestration.realtime.settings import Settings
from orchestration.realtime.turns import AdjustableEndOfTurn
from orchestration.session.events import EventType
from orchestration.session.session import Session

FRAME_MS: Final = 1000 // FRAME_RATE
PIECE_BYTES: Final = 9_600  # resampled in one go: .2 s of PCM
MAX_TURN_FRAMES: Final = 60 * FRAME_RATE  # of a turn that the client ends
MIN_TURN_FRAMES: Final = 3  # of sound in it: .1 s


class UserTurns:
    """Feeds a session's ears and tells the client what became of it."""

    def __init__(
        self,
        outbox: Outbox,
        items: Items,
        settings: Callable[[], Settings],
        end_of_turn: AdjustableEndOfTurn,
        onset_ms: int,
        record: Callable[[int, FloatArray], None],
    ) -> None:
        self._record = record
        self._outbox = outbox
        self._items = items
        self._settings = settings
        self._end_of_turn = end_of_turn
        self._onset_ms = onset_ms  # of speech before it is noticed
        self._sound = UserSound(settings().input_format)
        self._sent = 0  # frames that the client has appended
        self._held: list[FloatArray] = []  # frames of a turn that the client will end
        self._heard = array("l")  # frames of the client that were heard by each pts
        self._item_id = new_id("item")  # of the spoken turn under way or to come
        self._turn_ms = (0, 0)  # where it begins and ends in the client's sound
        self._understanding = False  # a spoken turn has ended, and its words aren't there yet
        self._waiting: deque[tuple[Item, float]] = deque()  # committed, not understood; seconds of sound
        items.on_user = self._said

    # -- what the client does ---------------------------------------------------------------------

    async def append(self, data: bytes, session: Session) -> None:
        """Take a piece of sound; waits while the session is too far behind. Raises ``EventError``."""
        settings = self._settings()
        if settings.input_format != self._sound.format:
            self._sound = UserSound(settings.input_format)
        by_client = settings.turn_detection is None
        for start in range(0, len(data), PIECE_BYTES):
            for frame in self._sound.feed(data[start : start + PIECE_BYTES]):
                if by_client:
                    self._hold(frame)
                else:
                    await session.room_to_hear()
                if session.can_hear:  # else the face misses a frame of a client that is ahead of time
                    session.hear(self._sent, frame)
                    self._record(self._sent, frame)
                self._sent += 1
            await asyncio.sleep(0)  # a long piece doesn't hold up the metronome

    def commit(self, session: Session) -> None:
        """The client says that the turn is over; raises ``EventError``."""
        if self._settings().turn_detection is not None:
            if not self._end_of_turn.in_turn:
                raise EventError(
                    "input_audio_buffer_commit_empty",
                    "no speech is under way, and the server decides where a turn begins",
                    "append speech first, or set turn_detection to null",
                )
            self._end_of_turn.end_turn()
            return
        frames = [*self._held, *self._sound.flush()]
        if len(frames) < MIN_TURN_FRAMES:
            raise EventError(
                "input_audio_buffer_commit_empty",
                f"the buffer holds {len(frames) * FRAME_MS} ms",
                f"append at least {MIN_TURN_FRAMES * FRAME_MS} ms before you commit",
            )
        self._held = []
        item = self._commit(new_id("item"))
        self._waiting.append((item, len(frames) / FRAME_RATE))
        session.conversation.take_in(np.concatenate(frames))

    def clear(self, session: Session) -> None:
        """Forget what isn't committed yet."""
        self._held = []
        self._sound.reset()
        self._end_of_turn.reset()
        session.forget_sound()
        self._outbox.post("input_audio_buffer.cleared")

    # -- what the session tells -------------------------------------------------------------------

    def frame(self, frame: AgentFrame) -> None:
        """A tick: the client's frame ``user_pts`` was heard, if any."""
        latest = self._heard[-1] if self._heard else 0
        self._heard.append(max(latest, frame.user_pts + 1))

    def event(self, event: Event) -> None:
        """Something happened."""
        match event.type:
            case EventType.SPEECH_STARTED:
                self._started(event)
            case EventType.TURN_ENDED:
                self._ended(event.data)
            case EventType.FINAL_TRANSCRIPT:
                self._understanding = False  # the words come through the ledger
            case EventType.NOTHING_HEARD:
                failed = event.data.get("rejected") == "failed"
                self._understood("", str(event.data.get("message", "")) if failed else None)
            case EventType.FALLBACK if self._understanding:
                self._understood("", str(event.data["message"]))

    # -- in between -------------------------------------------------------------------------------

    def _hold(self, frame: FloatArray) -> None:
        if len(self._held) >= MAX_TURN_FRAMES:
            raise EventError(
                "input_audio_buffer_full",
                f"the buffer holds {MAX_TURN_FRAMES // FRAME_RATE} s, more isn't kept",
                "commit or clear it",
            )
        self._held.append(frame)

    def _started(self, event: Event) -> None:
        detection = self._settings().turn_detection
        prefix = detection.prefix_ms if detection is not None and detection.kind == "server_vad" else 0
        now = (self._heard[-1] if self._heard else 0) * FRAME_MS
        start = max(0, now - self._onset_ms - prefix)
        self._turn_ms = (start, start)
        self._understanding = False
        self._outbox.post("input_audio_buffer.speech_started", audio_start_ms=start, item_id=self._item_id)

    def _ended(self, data: dict[str, Any]) -> None:
        tick = min(int(data["speech_end"] * FRAME_RATE + 1e-3), len(self._heard) - 1)
        start = self._turn_ms[0]
        end = max(start, self._heard[tick] * FRAME_MS if tick >= 0 else 0)
        self._turn_ms = (start, end)
        self._understanding = True
        self._outbox.post("input_audio_buffer.speech_stopped", audio_end_ms=end, item_id=self._item_id)

    def _said(self, text: str) -> None:
        self._understood(text, None)

    def _understood(self, text: str, failure: str | None) -> None:
        """The words of the oldest turn that has none; empty: there were none, or the recogniser failed."""
        self._understanding = False
        if self._waiting:
            item, seconds = self._waiting.popleft()
        else:
            item, seconds = self._commit(self._item_id), (self._turn_ms[1] - self._turn_ms[0]) / 1000
            self._item_id = new_id("item")
        item.text = item.heard = text
        if self._settings().transcription is not None:
            self._tell_words(item, seconds, failure)

    def _commit(self, item_id: str) -> Item:
        item = Item(item_id, "message", "user", spoken=True)
        previous = self._items.add(item)
        self._outbox.post("input_audio_buffer.committed", previous_item_id=previous, item_id=item.id)
        self._outbox.post("conversation.item.added", previous_item_id=previous, item=item.wire())
        self._outbox.post("conversation.item.done", previous_item_id=previous, item=item.wire())
        return item

    def _tell_words(self, item: Item, seconds: float, failure: str | None) -> None:
        event = "conversation.item.input_audio_transcription"
        at = {"item_id": item.id, "content_index": 0}
        if failure is not None:
            error = {"type": "server_error", "code": "transcription_failed", "message": failure}
            self._outbox.post(f"{event}.failed", **at, error=error)
            return
        if item.text:
            self._outbox.post(f"{event}.delta", **at, delta=item.text)
        usage = {"type": "duration", "seconds": round(seconds, 3)}
        self._outbox.post(f"{event}.completed", **at, transcript=item.text, usage=usage)
