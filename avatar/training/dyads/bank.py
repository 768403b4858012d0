"""The bank of utterances on disk: a folder with an index and one compressed file a voice.

``index.json`` says what is in it, where it came from and under which licences. ``VOICE.npz`` holds ``pcm``
(int16, all utterances of the voice end to end), ``offsets`` (int64, one more than utterances, samples) and
``entries`` (uint8, JSON in UTF-8: name, material, text, backchannel and phones of each). Nothing is pickled.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from avatar.animator import SAMPLE_RATE, FloatArray
from avatar.training.dyads.utterance import Phone, Utterance

INDEX = "index.json"
FORMAT = 1
MATERIALS = ("train", "validation", "test")
_PCM_SCALE = 32_767  # as speech.audio rounds
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+.-]*")

Material = Literal["train", "validation", "test"]


class BankError(ValueError):
    """A bank of utterances is absent or broken; the message names the file and the remedy."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class VoiceRecord(_Strict):
    """What the index says of one voice."""

    voice: str = Field(pattern=_NAME.pattern, description="the speaker's name, and its file's without .npz")
    source: str = Field(description="what made or recorded the voice, with its version")
    licence: str = Field(description="SPDX expression where one exists")
    inputs: str = Field(
        default="", description="fingerprint of what it was made from; the same is not made again"
    )
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="of the voice's file, lower-case hex")
    utterances: dict[Material, int] = Field(description="how many of each material, utterances")
    seconds: dict[Material, float] = Field(description="sound of each material, seconds")
    phones: int = Field(ge=0, description="silences included, phones")
    refused: dict[str, int] = Field(default={}, description="what was left out, by reason, utterances")


class BankIndex(_Strict):
    """What is in a bank of utterances."""

    format: Literal[1] = Field(default=1, description="version of the layout")
    seed: int = Field(ge=0, description="from which the texts were dealt to the voices")
    voices: tuple[VoiceRecord, ...] = Field(default=(), description="one a voice")

    def find(self, voice: str) -> VoiceRecord | None:
        """The record of ``voice``, or None."""
        return next((record for record in self.voices if record.voice == voice), None)

    def seconds(self, material: Material) -> float:
        """Sound of one material in all voices, seconds."""
        return sum(record.seconds.get(material, 0.0) for record in self.voices)


class _Entry(_Strict):
    name: str
    material: Material
    text: str
    backchannel: bool
    phones: tuple[tuple[str, Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]], ...]


_ENTRIES = TypeAdapter(tuple[_Entry, ...])


def write_voice(
    folder: Path,
    utterances: Sequence[Utterance],
    *,
    source: str,
    licence: str,
    inputs: str = "",
    refused: dict[str, int] | None = None,
) -> VoiceRecord:
    """Write the file of one voice, all of whose ``utterances`` are given; the same give the same bytes.

    Sound is rounded to 16 bits. The index isn't touched: see :func:`write_index`. Raises ``BankError`` for no
    utterances, several voices, an unknown material, and phones that don't follow one another.
    """
    voice = _voice_of(utterances)
    pcm = [_to_pcm16(utterance.pcm) for utterance in utterances]
    offsets = np.cumsum([0, *map(len, pcm)], dtype=np.int64)
    entries = json.dumps([_entry(utterance) for utterance in utterances], ensure_ascii=True)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{voice}.npz"
    part = folder / f"{voice}.part"
    with part.open("wb") as file:  # an interrupted writing leaves the old file whole
        np.savez_compressed(
            file,
            pcm=np.concatenate(pcm),
            offsets=offsets,
            entries=np.frombuffer(entries.encode("ascii"), dtype=np.uint8),
        )
    part.replace(path)
    counts: dict[Material, int] = {}
    seconds: dict[Material, float] = {}
    for material in MATERIALS:
        chosen = [len(sound) for u, sound in zip(utterances, pcm, strict=True) if u.material == material]
        if chosen:
            counts[material] = len(chosen)  # type: ignore[index]
            seconds[material] = round(sum(chosen) / SAMPLE_RATE, 3)  # type: ignore[index]
    return VoiceRecord(
        voice=voice,
        source=source,
        licence=licence,
        inputs=inputs,
        sha256=_sha256(path),
        utterances=counts,
        seconds=seconds,
        phones=sum(len(utterance.phones) for utterance in utterances),
        refused=refused or {},
    )


def write_index(folder: Path, index: BankIndex) -> None:
    """Write ``index.json`` in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{INDEX}.{os.getpid()}.part"
    part.write_text(index.model_dump_json(indent=2) + "\n", encoding="utf-8")
    part.replace(folder / INDEX)


def read_index(folder: Path) -> BankIndex:
    """What the bank in ``folder`` holds. Raises ``BankError`` if there is none or its index is broken."""
    path = folder / INDEX
    try:
        return BankIndex.model_validate_json(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise BankError(f"{folder} holds no bank of utterances; make one: visavis corpus bank") from error
    except (ValidationError, UnicodeDecodeError) as error:
        raise BankError(
            f"{path} isn't the index of a bank ({error}); make it anew: visavis corpus bank"
        ) from error


def read_bank(
    folder: Path, *, materials: Collection[str] = MATERIALS, voices: Collection[str] | None = None
) -> list[Utterance]:
    """The utterances of a bank in the index's order, those of ``materials`` and ``voices`` (None: all).

    An hour takes 230 MB. Raises ``BankError`` for a bank that is absent, broken or lacks a voice asked for.
    """
    for material in materials:
        if material not in MATERIALS:
            raise BankError(f"no material is called {material!r}; choose from {', '.join(MATERIALS)}")
    index = read_index(folder)
    for voice in voices or ():
        if index.find(voice) is None:
            known = ", ".join(record.voice for record in index.voices) or "none"
            raise BankError(f"the bank in {folder} has no voice {voice!r}; it has {known}")
    return [
        utterance
        for record in index.voices
        if (voices is None or record.voice in voices) and any(m in record.utterances for m in materials)
        for utterance in read_voice(folder, record, materials=materials)
    ]


def read_voice(
    folder: Path, record: VoiceRecord, *, materials: Collection[str] = MATERIALS
) -> list[Utterance]:
    """One voice's utterances. Raises ``BankError`` if its file is gone or isn't the one of the index."""
    path = folder / f"{record.voice}.npz"
    again = f"make it anew: visavis corpus bank --out {folder}"
    try:
        if _sha256(path) != record.sha256:
            raise BankError(f"{path} isn't the file that the index describes; {again}")
        with np.load(path, allow_pickle=False) as archive:
            pcm, offsets, entries = (archive[key] for key in ("pcm", "offsets", "entries"))
        described = _ENTRIES.validate_json(entries.tobytes())
    except FileNotFoundError as error:
        raise BankError(f"{path} is gone; {again}") from error
    except (ValidationError, ValueError, KeyError, zipfile.BadZipFile) as error:
        if isinstance(error, BankError):
            raise
        raise BankError(f"{path} isn't a voice of a bank ({error}); {again}") from error
    if len(offsets) != len(described) + 1 or offsets[-1] != len(pcm):
        raise BankError(f"{path} has {len(described)} entries for {len(offsets) - 1} sounds; {again}")
    return [
        Utterance(
            name=entry.name,
            voice=record.voice,
            material=entry.material,
            text=entry.text,
            pcm=pcm[offsets[at] : offsets[at + 1]].astype(np.float32) / np.float32(_PCM_SCALE),
            phones=tuple(Phone(*phone) for phone in entry.phones),
            backchannel=entry.backchannel,
        )
        for at, entry in enumerate(described)
        if entry.material in materials
    ]


def _voice_of(utterances: Sequence[Utterance]) -> str:
    voices = sorted({utterance.voice for utterance in utterances})
    if len(voices) != 1:
        raise BankError(f"a file holds the utterances of one voice, not of {', '.join(voices) or 'none'}")
    if not _NAME.fullmatch(voices[0]):
        raise BankError(f"the voice {voices[0]!r} can't name a file; use letters, digits and _ + . -")
    return voices[0]


def _entry(utterance: Utterance) -> dict[str, object]:
    if utterance.material not in MATERIALS:
        raise BankError(
            f"{utterance.name} is {utterance.material!r} material; choose from {', '.join(MATERIALS)}"
        )
    ends = [0.0, *(phone.end for phone in utterance.phones)]
    for phone, before in zip(utterance.phones, ends, strict=False):
        if not before <= phone.start <= phone.end:
            raise BankError(
                f"{utterance.name}: the phone {phone.name} at {phone.start:g}-{phone.end:g} s doesn't follow "
                f"the one before, which ends at {before:g} s; align it again"
            )
    return {
        "name": utterance.name,
        "material": utterance.material,
        "text": utterance.text,
        "backchannel": utterance.backchannel,
        "phones": [[phone.name, phone.start, phone.end] for phone in utterance.phones],
    }


def _to_pcm16(pcm: FloatArray) -> NDArray[np.int16]:
    return np.round(np.clip(pcm, -1.0, 1.0) * _PCM_SCALE).astype(np.int16)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
