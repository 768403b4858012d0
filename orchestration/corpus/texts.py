"""What synthetic voices say: the package's sentences and backchannels, dealt to the voices from a seed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from importlib.resources import files

import numpy as np


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to say: ``text`` as it is written and aligned, ``said`` as a synthesiser is told."""

    name: str
    text: str
    said: str
    backchannel: bool = False


def sentences() -> list[Line]:
    """Every sentence, in the file's order, named by its place."""
    return [Line(f"s{at:03d}", text, text) for at, text in enumerate(_lines("sentences.txt"))]


def backchannels() -> list[Line]:
    """Every backchannel, in the file's order."""
    result = []
    for at, line in enumerate(_lines("backchannels.txt")):
        text, _, said = (part.strip() for part in line.partition("|"))
        result.append(Line(f"b{at:02d}", text, said or text, backchannel=True))
    return result


def deal(voice: str, count: int, seed: int) -> list[Line]:
    """``count`` sentences (all, if there are fewer) for ``voice`` in a drawn order, then all backchannels."""
    every = sentences()
    rng = np.random.default_rng([seed, zlib.crc32(voice.encode())])
    return [every[at] for at in rng.permutation(len(every))[:count]] + backchannels()


def _lines(file: str) -> list[str]:
    written = files("orchestration.corpus").joinpath(file).read_text("utf-8").splitlines()
    return [line.strip() for line in written if line.strip() and not line.startswith("#")]
