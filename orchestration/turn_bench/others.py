"""Other people's recordings, who talk beside the user: Debian's prompts in further languages.

None of them is needed: where a package isn't installed, nobody of it speaks. Each half has people of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from orchestration.turn_bench.case import Half
from orchestration.turn_bench.recordings import LONGEST, SHORTEST, Recording
from orchestration.turn_bench.sound import levelled, trimmed
from speech.audio import load_audio

ROOT: Final = Path("/usr/share/asterisk/sounds")
HEADER: Final = 64  # bytes of a WAV file that holds no sound: some packages have one
PEOPLE: Final = {
    Half.DEVELOPMENT: ("fr_CA_f_June", "it_IT_f_Menardi"),
    Half.TEST: ("it_IT_m_Carlo", "ru_RU_f_IvrvoiceRU"),
}  # of asterisk-core-sounds-fr-wav, asterisk-prompt-it-menardi-wav, asterisk-core-sounds-it-wav, -ru-wav


def others(half: Half, count: int, root: Path = ROOT) -> dict[str, list[Recording]]:
    """Up to ``count`` recordings of a second and more of each other person of the half, by folder."""
    found: dict[str, list[Recording]] = {}
    for person in PEOPLE[half]:
        said: list[Recording] = []
        for path in sorted((root / person).glob("*.wav")):
            if path.stat().st_size <= HEADER:
                continue
            pcm = trimmed(load_audio(path))
            if SHORTEST <= pcm.size / 16_000 <= LONGEST:
                said.append(Recording(f"{person}: {path.stem}", levelled(pcm)))
            if len(said) == count:
                break
        if said:
            found[person] = said
    return found
