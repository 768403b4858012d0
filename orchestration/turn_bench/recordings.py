"""A person's recordings: Debian's asterisk-core-sounds-en-wav, split by name, and what each is good for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestration.media import USER_SAMPLE_RATE, FloatArray
from orchestration.turn_bench.case import Half
from orchestration.turn_bench.sound import gaps, levelled, samples, trimmed
from speech.audio import load_audio

FOLDERS: Final = (
    Path("/usr/share/asterisk/sounds/en_US_f_Allison"),
    Path("/usr/share/asterisk/sounds/en_US"),
)
SHORTEST: Final = 1.0  # seconds of a sentence
LONGEST: Final = 8.0  # seconds of a sentence
LONGEST_GAP: Final = 0.3  # seconds; a sentence with a longer one has a pause of its own
DIGITS: Final = tuple(str(number) for number in range(10))
NASALS: Final = ("m", "n", "m_p", "n_p", "1", "9", "7", "h-9", "day-0", "day-1")  # they hold an m or an n

# Pieces that a telephone system joins to others: they end where no person would be answered, or are no
# sentence. (By their words, which the package's own list and a recogniser agree on.)
_FRAGMENTS: Final = """
    astcc-followed-by-the-pound-key at-tone-time-exactly conf-enteringno conf-hasjoin conf-hasleft
    conf-otherinparty conf-thereare conf-userswilljoin conf-userwilljoin confbridge-dec-list-vol-in
    confbridge-dec-list-vol-out confbridge-dec-talk-vol-in confbridge-dec-talk-vol-out confbridge-has-joined
    confbridge-has-left confbridge-inc-list-vol-in confbridge-inc-list-vol-out confbridge-inc-talk-vol-in
    confbridge-inc-talk-vol-out confbridge-leave-in confbridge-leave-out confbridge-lock-extended
    confbridge-lock-in confbridge-lock-out confbridge-menu-exit-in confbridge-menu-exit-out
    confbridge-mute-in confbridge-mute-out confbridge-participants confbridge-remove-last-in
    confbridge-remove-last-out confbridge-rest-list-vol-in confbridge-rest-list-vol-out
    confbridge-rest-talk-vol-in confbridge-rest-talk-vol-out confbridge-there-are de-activated dir-first
    dir-firstlast dir-last dir-multi1 dir-multi2 dir-multi3 dir-pls-enter dir-usingkeypad disabled extension
    from-unknown-caller if-correct-press is-in-use is-set-to location lowercase num-was-successfully
    priv-callpending privacy-to-blacklist-last-caller queue-callswaiting queue-holdtime queue-less-than
    queue-quantity1 queue-quantity2 queue-reporthold queue-seconds queue-thereare seconds speed-dial
    spy-console spy-dahdi spy-h323 spy-jingle spy-local spy-mgcp spy-misdn spy-mobile spy-nbs spy-unistim
    spy-usbradio telephone-number to-call-this-number to-extension to-listen-to-it to-rerecord-it uppercase
    vm-Cust1 vm-Cust2 vm-Cust3 vm-Cust4 vm-Cust5 vm-duration vm-extension vm-from-extension
    vm-from-phonenumber vm-isonphone vm-isunavail vm-login vm-messages vm-num-i-have vm-onefor vm-onefor-full
    vm-password vm-received vm-saved vm-savedto vm-savemessage vm-then-pound vm-theperson vm-tocancel
    vm-unknown-caller ascending-2tone descending-2tone beep beeperr tt-monkeys
"""
FRAGMENTS: Final = frozenset(_FRAGMENTS.split())


class NoRecordings(RuntimeError):
    """The recordings aren't on this machine; says how to get them."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One person's recording, trimmed and levelled, (samples,) at 16 kHz."""

    name: str
    pcm: FloatArray

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.pcm.size / USER_SAMPLE_RATE

    @property
    def is_sentence(self) -> bool:
        """Whether it is whole: nobody would wait for more after it."""
        return self.name not in FRAGMENTS

    @property
    def flows(self) -> bool:
        """Whether it has no pause of its own."""
        return all(end - begin <= samples(LONGEST_GAP) for begin, end in gaps(self.pcm))


def half_of(name: str) -> Half:
    """An even MD5 of the name is for choosing numbers, an odd one for reporting."""
    odd = int(hashlib.md5(name.encode()).hexdigest(), 16) % 2
    return Half.TEST if odd else Half.DEVELOPMENT


def recordings_folder(folder: Path | None = None) -> Path:
    """Where the recordings are; raises ``NoRecordings``."""
    candidates = FOLDERS if folder is None else (folder,)
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    raise NoRecordings(
        f"no recordings in {' or '.join(map(str, candidates))}: install Debian's asterisk-core-sounds-en-wav"
    )


def _read(path: Path) -> Recording | None:
    pcm = trimmed(load_audio(path))
    return Recording(path.stem, levelled(pcm)) if pcm.size else None


def sentences(half: Half, folder: Path | None = None) -> Iterator[Recording]:
    """Recordings of one to eight seconds of the half, by name, fragments among them."""
    for path in sorted(recordings_folder(folder).glob("*.wav")):
        if half_of(path.stem) is not half or path.stem in ("beep", "beeperr", "tt-monkeys"):
            continue
        recording = _read(path)
        if recording is not None and SHORTEST <= recording.seconds <= LONGEST:
            yield recording


def words(half: Half, folder: Path | None = None) -> Iterator[Recording]:
    """Numbers, letters and the alphabet's names of the half: what lists are made of."""
    for room in ("digits", "phonetic"):
        for path in sorted((recordings_folder(folder) / room).glob("*.wav")):
            if half_of(path.stem) is half and (recording := _read(path)) is not None:
                yield recording


def nasal_words(half: Half, folder: Path | None = None) -> Iterator[Recording]:
    """Words of the half that hold a long m or n, out of which hums can be cut."""
    for room in ("letters", "digits", "phonetic"):
        for path in sorted((recordings_folder(folder) / room).glob("*.wav")):
            if path.stem in NASALS and half_of(path.stem) is half and (recording := _read(path)) is not None:
                yield recording
