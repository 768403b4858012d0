"""Makes the bank: every voice speaks or is read, is aligned, and is kept; what was made before is left."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from avatar.animator import FloatArray
from avatar.training.dyads.bank import (
    BankError,
    BankIndex,
    Material,
    VoiceRecord,
    read_index,
    write_index,
    write_voice,
)
from avatar.training.dyads.utterance import Phone, Utterance
from orchestration.corpus import recordings as human
from orchestration.corpus.alignment import LONGEST_PHONE, SCORE, WORD_SCORE, Aligner, align_whole
from orchestration.corpus.edges import trimmed
from orchestration.corpus.errors import AlignmentFailed, CorpusError
from orchestration.corpus.side_by_side import Progress, side_by_side
from orchestration.corpus.texts import Line, deal
from orchestration.corpus.transcripts import read_table, transcribe
from orchestration.corpus.voices import VOICES, SyntheticVoice, opened
from orchestration.corpus.words import dictionary_words
from orchestration.models.ledger import cache_folder
from speech.audio import load_audio

RECIPE = 1  # raised when the same inputs would be made into something else


@dataclass(frozen=True, slots=True)
class _Work:
    """One synthetic voice to make, unless the bank's own is made of the same."""

    folder: Path
    voice: SyntheticVoice
    seed: int
    before: VoiceRecord | None


@dataclass(frozen=True, slots=True)
class _Take:
    """One stretch of sound whose words are known; its phones too, if the voice tells them."""

    name: str
    material: Material
    text: str
    pcm: FloatArray
    phones: tuple[Phone, ...] = ()
    backchannel: bool = False


def default_folder() -> Path:
    """Where the bank is kept: ``$XDG_CACHE_HOME/visavis/corpus/bank``."""
    return cache_folder().parent / "corpus" / "bank"


def make_bank(
    folder: Path,
    *,
    seed: int = 0,
    recordings: Path | None = None,
    transcripts: Path | None = None,
    with_human: bool = True,
    voices: Sequence[SyntheticVoice] = VOICES,
    force: bool = False,
    workers: int = 1,
    progress: Progress = lambda what, done, of: None,
) -> BankIndex:
    """Make the bank in ``folder``, ``workers`` synthetic voices at a time, and say what it holds.

    A voice whose texts, sound and options are those of the bank isn't made again unless ``force``; the index
    names each finished voice at once, so that an interrupted run goes on. Voices that are no longer asked for
    leave the index. The same inputs give the same bytes, by however many workers. ``recordings`` is the
    folder of the human prompts (None: Debian's), ``transcripts`` a table of their words. Raises
    ``CorpusError``, ``ModelError`` and the synthesisers' errors when something is missing.
    """
    prompts = human.find_recordings(recordings) if with_human else {}  # what is missing is said at once
    known = read_table(transcripts) if transcripts is not None else {}
    aligner = Aligner()
    records: dict[str, VoiceRecord] = {} if force else _made_before(folder, seed)
    made: dict[int, VoiceRecord] = {}  # by place in the index

    def keep(place: int, record: VoiceRecord) -> None:
        made[place] = record
        names = {entry.voice for entry in made.values()}
        others = [record for name, record in records.items() if name not in names]
        write_index(folder, BankIndex(seed=seed, voices=(*_in_order(made), *others)))

    if with_human:
        keep(-1, _human_voice(folder, human.without_copies(prompts), known, aligner, records, progress))
    work = [_Work(folder, voice, seed, records.get(voice.name)) for voice in voices]
    for place, record in side_by_side(_synthetic_voice, work, workers, progress):
        keep(place, record)
    index = BankIndex(seed=seed, voices=_in_order(made))
    write_index(folder, index)
    return index


def _in_order(made: dict[int, VoiceRecord]) -> tuple[VoiceRecord, ...]:
    return tuple(made[place] for place in sorted(made))


def _made_before(folder: Path, seed: int) -> dict[str, VoiceRecord]:
    """Voices of the folder by name, if they were made from this seed and their files are still there."""
    try:
        index = read_index(folder)
    except BankError:  # none yet, or one that has to be made anew
        return {}
    if index.seed != seed:
        return {}
    return {record.voice: record for record in index.voices if (folder / f"{record.voice}.npz").is_file()}


def _human_voice(
    folder: Path,
    prompts: dict[str, Path],
    known: dict[str, str],
    aligner: Aligner,
    records: dict[str, VoiceRecord],
    progress: Progress,
) -> VoiceRecord:
    unknown = {name: path for name, path in prompts.items() if name not in known}
    texts = transcribe(unknown, folder, progress) | {name: known[name] for name in prompts if name in known}
    sounds = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in prompts.items()}
    inputs = _fingerprint({"sounds": sounds, "texts": texts})
    before = records.get(human.VOICE)
    if before is not None and before.inputs == inputs:
        return before

    def takes() -> Iterator[_Take]:
        for name, path in prompts.items():
            material = human.material_of(name)
            if material is None:
                raise CorpusError(f"the recording {name} is of no material; it can't be in the bank")
            yield _Take(name, material, texts[name], load_audio(path))

    utterances, refused = _aligned(human.VOICE, takes(), len(prompts), aligner, progress)
    return write_voice(
        folder,
        utterances,
        source=human.SOURCE,
        licence=human.LICENCE,
        inputs=inputs,
        refused=refused,
    )


def _synthetic_voice(work: _Work, progress: Progress) -> VoiceRecord:
    voice, before = work.voice, work.before
    lines = deal(voice.name, voice.sentences, work.seed)
    with opened(voice) as (speak, source):
        inputs = _fingerprint(
            {
                "voice": voice.options,
                "source": source,
                "lines": [[line.name, line.text, line.said] for line in lines],
            }
        )
        if before is not None and before.inputs == inputs:
            return before

        def take(line: Line) -> _Take:
            pcm, phones = speak(line.said)
            return _Take(line.name, voice.material, line.text, pcm, phones, line.backchannel)

        utterances, refused = _aligned(
            voice.name, (take(line) for line in lines), len(lines), Aligner(), progress
        )
    return write_voice(
        work.folder, utterances, source=source, licence=voice.licence, inputs=inputs, refused=refused
    )


def _aligned(
    voice: str, takes: Iterable[_Take], count: int, aligner: Aligner, progress: Progress
) -> tuple[list[Utterance], dict[str, int]]:
    """What the aligner accepts, and how many of each material it refused for which reason."""
    utterances: list[Utterance] = []
    refused: Counter[str] = Counter()
    for at, take in enumerate(takes):
        progress(voice, at, count)
        try:
            if take.phones:
                pcm, phones = trimmed(take.pcm, take.phones)
            else:
                pcm, phones = align_whole(aligner, take.pcm, dictionary_words(take.text, aligner.knows))
        except AlignmentFailed as error:
            refused[f"{take.material}: {error.reason}"] += 1
            continue
        utterances.append(
            Utterance(take.name, voice, take.material, take.text, pcm, phones, take.backchannel)
        )
    progress(voice, count, count)
    if not utterances:
        raise CorpusError(
            f"not one of {count} utterances of {voice} could be aligned; listen to it, or leave the voice out"
        )
    return utterances, dict(sorted(refused.items()))


def _fingerprint(inputs: dict[str, object]) -> str:
    """Of everything that decides what a voice's file holds."""
    common = {
        "recipe": RECIPE,
        "aligner": importlib.metadata.version("pocketsphinx"),
        "least": [SCORE, WORD_SCORE, LONGEST_PHONE],
    }
    return hashlib.sha256(json.dumps(common | inputs, sort_keys=True).encode()).hexdigest()
