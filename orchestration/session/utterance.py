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
    frame_pts: list[int] = field(default_factory=list)  # pts at which each frame was sent
    played: int = -1  # highest pts acknowledged
    limit: int | None = None  # frames that counted as heard, by word of the client; None: what was played
    complete: bool = False  # every frame has been queued
    cut: bool = False  # cancelled before its end

    def add_word(self, text: str, end_sample: int) -> None:
        """Add a word whose sound ends before ``end_sample``, counted from the utterance's first sample."""
        self.words.append((text, max(0, end_sample - 1) // AGENT_FRAME_SAMPLES))

    def show(self, text: str) -> None:
        """Add words that have no sound; they are taken in as they are told."""
        self.words.append((text, -1))

    def truncate(self, frames: int) -> None:
        """The client says that no more than the first ``frames`` frames were heard."""
        self.limit = max(0, frames)

    def sent(self, pts: int) -> None:
        """The next frame went out at ``pts``."""
        self.frame_pts.append(pts)

    def acknowledge(self, pts: int) -> None:
        """The client has played everything up to ``pts``."""
        self.played = max(self.played, pts)

    @property
    def wholly_played(self) -> bool:
        """Every frame was sent and acknowledged; words without sound need no acknowledging."""
        if not self.frame_pts:
            return self.complete and bool(self.words) and all(frame < 0 for _, frame in self.words)
        if self.limit is not None and self.limit < len(self.frame_pts):
            return False
        return self.complete and self.played >= self.frame_pts[-1]

    def heard(self) -> str:
        """The words whose sound has been played."""
        frames = sum(pts <= self.played for pts in self.frame_pts)
        if self.limit is not None:
            frames = min(frames, self.limit)
        return " ".join(text for text, last_frame in self.words if last_frame < frames)
