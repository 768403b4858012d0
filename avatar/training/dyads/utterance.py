"""What a dyad is made of: recorded or synthesised utterances with their phones."""

from __future__ import annotations

from dataclasses import dataclass

from avatar.animator import FloatArray


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone: ARPAbet without stress, upper case (``SIL``: silence), in seconds from the start."""

    name: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """One stretch of speech by one voice.

    ``pcm`` is float32 (samples,) at 16 kHz, -1..1; ``phones`` cover it in order, silences included.
    ``voice`` names the speaker; ``material`` says who may use it: ``train``, ``validation`` or ``test``.
    A ``backchannel`` ("mm-hmm", "yeah") is said while the other holds the floor.
    """

    name: str
    voice: str
    material: str
    text: str
    pcm: FloatArray
    phones: tuple[Phone, ...]
    backchannel: bool = False
