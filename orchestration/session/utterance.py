"""One thing the agent says, and how much of it was heard."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestration.media import AGENT_FRAME_SAMPLES


@dataclass(slots=True)
class Utterance:
    """The words of one generation, tied to the frames that carried their sound.

    A word counts as heard once the frame that holds its last sample was played.
    """

    generation: int
    words: list[tuple[str, int]] = field(
        default_factory=list
    )  # word, index of the frame with its last sample
    sendings: list[tuple[int, int, int]] = field(
        default_factory=list
    )  # frame, pts, generation of the packet; a frame that is said again after a hold has several
    starts: list[int] = field(default_factory=list)  # of each word with sound: its first frame
    next_frame: int = 0  # the frame that goes out next
    carrier: int = -1  # generation of the packets that carry it now; -1: its own
    played: dict[int, int] = field(default_factory=dict)  # generation: highest pts acknowledged
    limit: int | None = None  # frames that counted as heard, by word of the client; None: what was played
    complete: bool = False  # every frame has been queued
    cut: bool = False  # cancelled before its end

    def add_word(self, text: str, end_sample: int, start_sample: int | None = None) -> None:
        """Add a word whose sound ends before ``end_sample``, counted from the utterance's first sample.

        Without ``start_sample`` it is taken to begin where the one before it ended.
        """
        begins = self._last_frame() + 1 if start_sample is None else start_sample // AGENT_FRAME_SAMPLES
        self.words.append((text, max(0, end_sample - 1) // AGENT_FRAME_SAMPLES))
        self.starts.append(begins)

    def show(self, text: str) -> None:
        """Add words that have no sound; they are taken in as they are told."""
        self.words.append((text, -1))

    def truncate(self, frames: int) -> None:
        """The client says that no more than the first ``frames`` frames were heard."""
        self.limit = max(0, frames)

    def sent(self, pts: int) -> None:
        """The next frame went out at ``pts``."""
        self.sendings.append((self.next_frame, pts, self.carrier if self.carrier >= 0 else self.generation))
        self.next_frame += 1

    def carried_by(self, generation: int) -> bool:
        """Whether packets of ``generation`` hold its sound, or did before a hold."""
        return generation == self.generation or any(carrier == generation for _, _, carrier in self.sendings)

    def acknowledge(self, pts: int, generation: int | None = None) -> None:
        """The client has played everything of ``generation`` (None: its own) up to ``pts``."""
        carrier = self.generation if generation is None else generation
        self.played[carrier] = max(self.played.get(carrier, -1), pts)

    def first_unheard(self) -> int:
        """The frame at which the client was, as far as its acknowledgements tell."""
        return 1 + max(self._heard_frames(), default=-1)

    def word_at(self, frame: int) -> int | None:
        """First frame of the word that sounds in ``frame``; None between words."""
        spoken = (last for _, last in self.words if last >= 0)
        for start, last in zip(self.starts, spoken, strict=True):
            if start <= frame <= last:
                return start
        return None

    @property
    def wholly_played(self) -> bool:
        """Every frame was sent and acknowledged; words without sound need no acknowledging."""
        if not self.sendings:
            return self.complete and bool(self.words) and all(frame < 0 for _, frame in self.words)
        if self.limit is not None and self.limit < self.next_frame:
            return False
        return self.complete and self.next_frame - 1 in self._heard_frames()

    def heard(self) -> str:
        """The words whose sound has been played; said twice, they are heard once."""
        frames = self._heard_frames()
        limit = self.next_frame if self.limit is None else self.limit
        return " ".join(text for text, last in self.words if last < 0 or (last in frames and last < limit))

    def _heard_frames(self) -> set[int]:
        return {frame for frame, pts, generation in self.sendings if pts <= self.played.get(generation, -1)}

    def _last_frame(self) -> int:
        return max((last for _, last in self.words), default=-1)
