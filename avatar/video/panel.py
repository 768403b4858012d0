"""What stands under the heads: captions of both sides, the whole conversation as a strip, and the time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from avatar.animator import FloatArray
from avatar.video.film import Caption, Colour, Film, Hold, Side
from avatar.video.lettering import font, wrap
from avatar.video.stage import Picture

PAPER: Final[Colour] = (19, 23, 29)
INK: Final[Colour] = (236, 239, 243)
FAINT: Final[Colour] = (134, 143, 156)
LINES: Final = 3  # of a caption that are shown; of a longer one, the last
FADED: Final = 0.34  # share of its colour that what is still to come has
REFERENCE: Final = 720  # pixels: picture height for which the measures below are given


class Panel:
    """The lower part of every picture, ``height`` pixels of the whole ``size`` (width, height)."""

    def __init__(self, film: Film, size: tuple[int, int], captions: bool) -> None:
        self._film = film
        self._captions = captions and bool(film.user.captions or film.agent.captions)
        self._width = size[0]
        self._scale = min(size[1] / REFERENCE, size[0] / 960)
        self._margin = self._px(32)
        self._strip_at = self._px(14) + (self._px(128) if self._captions else 0)
        self.height = self._strip_at + self._px(84)
        self._later, self._sooner = (self._strip(share) for share in (FADED, 1.0))
        self._background: tuple[object, Image.Image] = (None, Image.new("RGB", (1, 1)))

    def draw(self, at: float) -> Picture:
        """(height, width, 3) at ``at`` seconds."""
        shown = [_at(side.captions, at) if self._captions else None for side in self._sides]
        holder = next((hold for hold in self._film.floor if hold.start <= at < hold.end), None)
        wanted = (shown, holder, int(at))
        if wanted != self._background[0]:  # it changes a few times a second at most
            self._background = (wanted, self._page(shown, holder, at))
        picture = self._background[1].copy()
        width = self._later.width
        done = round(width * min(1.0, at / max(self._film.seconds, 1e-9)))
        top = self._strip_at + self._px(26)
        picture.paste(self._later, (self._margin, top))
        if done:
            picture.paste(self._sooner.crop((0, 0, done, self._sooner.height)), (self._margin, top))
        head = self._margin + done
        ImageDraw.Draw(picture).rectangle(
            (
                head - self._px(1),
                top - self._px(3),
                head + self._px(1),
                top + self._later.height + self._px(2),
            ),
            fill=INK,
        )
        return np.asarray(picture)

    @property
    def _sides(self) -> tuple[Side, Side]:
        return self._film.user, self._film.agent

    def _px(self, measure: float) -> int:
        return max(1, round(measure * self._scale))

    def _page(self, shown: list[Caption | None], holder: Hold | None, at: float) -> Image.Image:
        page = Image.new("RGB", (self._width, self.height), PAPER)
        pen = ImageDraw.Draw(page)
        pen.line((0, 0, self._width, 0), fill=_mixed(PAPER, INK, 0.12))
        if self._captions:
            gutter = self._px(28)
            column = (self._width - 2 * self._margin - gutter) // 2
            for index, (side, caption) in enumerate(zip(self._sides, shown, strict=True)):
                left = self._margin + index * (column + gutter)
                self._caption(pen, side, caption, left, column)
        small = font(self._px(14))
        line = self._strip_at + self._px(4)
        label = holder.label if holder is not None else "Nobody has the floor"
        colour = holder.colour if holder is not None else FAINT
        dot = self._px(5)
        middle = line + self._px(9)
        pen.ellipse((self._margin, middle - dot, self._margin + 2 * dot, middle + dot), fill=colour)
        pen.text((self._margin + self._px(18), middle), label, font=small, fill=FAINT, anchor="lm")
        clock = f"{_clock(at)} / {_clock(self._film.seconds)}"
        pen.text((self._width - self._margin, middle), clock, font=small, fill=FAINT, anchor="rm")
        return page

    def _caption(
        self, pen: ImageDraw.ImageDraw, side: Side, caption: Caption | None, left: int, width: int
    ) -> None:
        top = self._px(12)
        bright = _mixed(side.colour, (255, 255, 255), 0.30)
        pen.rounded_rectangle(
            (left, top, left + self._px(4), top + self._px(122)),
            self._px(2),
            fill=side.colour if caption is not None else _mixed(PAPER, side.colour, 0.45),
        )
        inset = left + self._px(18)
        pen.text((inset, top), side.name, font=font(self._px(16), bold=True), fill=bright)
        if caption is None:
            return
        letters = font(self._px(21))
        lines = wrap(caption.text, letters, width - self._px(18))
        if len(lines) > LINES:
            lines = lines[-LINES:]
            lines[0] = "… " + lines[0]
            while letters.getlength(lines[0]) > width - self._px(18) and " " in lines[0][2:]:
                lines[0] = "… " + lines[0][2:].split(" ", 1)[1]
        ink = INK if caption.final else _mixed(PAPER, INK, 0.66)
        for row, words in enumerate(lines):
            pen.text((inset, top + self._px(26 + 31 * row)), words, font=letters, fill=ink)

    def _strip(self, share: float) -> Image.Image:
        """The whole conversation: the user's voice above, the agent's below, the floor between them."""
        width, half, lane = self._width - 2 * self._margin, self._px(17), self._px(10)
        strip = Image.new("RGB", (width, 2 * half + lane + 2 * self._px(1)), PAPER)
        pen = ImageDraw.Draw(strip)
        seconds = max(self._film.seconds, 1e-9)
        top = half + self._px(1)
        pen.rectangle((0, top, width, top + lane - 1), fill=_mixed(PAPER, INK, 0.10 * (0.5 + share / 2)))
        for hold in self._film.floor:
            pen.rectangle(
                (
                    round(hold.start / seconds * width),
                    top,
                    max(round(hold.start / seconds * width), round(hold.end / seconds * width) - 1),
                    top + lane - 1,
                ),
                fill=_mixed(PAPER, hold.colour, share),
            )
        for side, above in ((self._film.user, True), (self._film.agent, False)):
            colour = _mixed(PAPER, side.colour, 0.85 * share)
            for x, level in enumerate(_levels(side, seconds, width)):
                tall = round(level * half)
                if not tall:
                    continue
                ends = (top - self._px(1) - tall, top - self._px(1) - 1)
                if not above:
                    ends = (top + lane + self._px(1), top + lane + self._px(1) + tall - 1)
                pen.line((x, ends[0], x, ends[1]), fill=colour)
        return strip


def _levels(side: Side, seconds: float, columns: int) -> FloatArray:
    """How loud the side is in each of ``columns`` equal spans of the film, 0..1 of its loudest."""
    edges = np.round(np.arange(columns) * seconds * side.sample_rate / columns).astype(np.int64)
    inside = edges < len(side.sound)
    levels = np.zeros(columns, np.float32)
    if inside.any():
        levels[inside] = np.maximum.reduceat(np.abs(side.sound), edges[inside])
    return np.asarray(levels / max(float(levels.max()), 0.05), dtype=np.float32)


def _at(captions: Sequence[Caption], at: float) -> Caption | None:
    """The caption shown at ``at`` seconds; captions are in order of their start."""
    index = bisect_right(captions, at, key=lambda caption: caption.start) - 1
    return captions[index] if index >= 0 and at < captions[index].end else None


def _mixed(base: Colour, top: Colour, share: float) -> Colour:
    red, green, blue = (round(b + (t - b) * share) for b, t in zip(base, top, strict=True))
    return red, green, blue


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
