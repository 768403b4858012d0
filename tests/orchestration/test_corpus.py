"""The corpus: which recording may be used for what, the texts, and the making of a bank."""

from __future__ import annotations

import hashlib
import pickle
import shutil
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from avatar.training.dyads.bank import read_bank, read_index
from avatar.training.dyads.utterance import Phone, Utterance
from orchestration.cli.corpus import app
from orchestration.corpus import recordings
from orchestration.corpus.alignment import Aligner
from orchestration.corpus.edges import EDGE, trimmed
from orchestration.corpus.errors import CorpusError
from orchestration.corpus.making import make_bank
from orchestration.corpus.recordings import find_recordings, material_of, without_copies
from orchestration.corpus.texts import backchannels, deal, sentences
from orchestration.corpus.transcripts import read_table
from orchestration.corpus.voices import VOICES, SyntheticVoice, opened
from orchestration.corpus.words import dictionary_words
from orchestration.models.errors import MissingModel

EMMA = SyntheticVoice(name="emma", espeak="en-us+f1", sentences=3)
OTIS = SyntheticVoice(name="otis", espeak="en-us+m8", sentences=2, material="test")
WORDS = {
    "conf-hasjoin": "is now in the conference",
    "conf-hasleft": "has left the conference",
    "conf-getpin": "Please enter the conference pin number",
}


@pytest.fixture(scope="module")
def aligner() -> Aligner:
    return Aligner()


def is_odd(name: str) -> bool:
    return int(hashlib.md5(name.encode()).hexdigest(), 16) % 2 == 1


@given(st.text(min_size=1), st.sampled_from(["", "digits/", "letters/"]))
def test_an_odd_name_is_never_trained_on_nor_validated_with_and_an_even_one_never_reported_on(
    stem: str, folder: str
) -> None:
    name = folder + stem
    names = {name, name.rpartition("/")[2]}
    material = material_of(name)
    if any(map(is_odd, names)):
        assert material not in ("train", "validation")
    if not all(map(is_odd, names)):
        assert material != "test"


def test_about_one_in_ten_of_what_may_be_trained_on_is_for_validation() -> None:
    counts = Counter(material_of(f"prompt-{number}") for number in range(4000))
    assert 0.07 < counts["validation"] / (counts["train"] + counts["validation"]) < 0.13
    assert 0.45 < counts["test"] / 4000 < 0.55


def test_of_the_same_bytes_under_two_names_the_test_keeps_its_own(tmp_path: Path) -> None:
    odd = next(f"p{n}" for n in range(50) if is_odd(f"p{n}"))
    evens = [f"p{n}" for n in range(200) if material_of(f"p{n}") == "train"][:2]
    held = next(f"p{n}" for n in range(200) if material_of(f"p{n}") == "validation")
    for name, content in ((odd, b"1"), (evens[0], b"1"), (evens[1], b"2"), (held, b"2"), ("other", b"3")):
        (tmp_path / f"{name}.wav").write_bytes(content)
    kept = without_copies(find_recordings(tmp_path))
    assert odd in kept
    assert held in kept
    assert not {*evens} & kept.keys()


def test_recordings_in_subfolders_keep_the_folder_in_their_name(tmp_path: Path) -> None:
    (tmp_path / "digits").mkdir()
    (tmp_path / "digits" / "1.wav").write_bytes(b"")
    assert find_recordings(tmp_path) == {"digits/1": tmp_path / "digits" / "1.wav"}


def test_missing_recordings_name_the_package(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="apt-get install asterisk-core-sounds-en-wav"):
        make_bank(tmp_path / "bank", recordings=tmp_path, voices=[EMMA])


@pytest.mark.parametrize("content", [b"prompt,text\na,b\n", b"\xff\xfe\x00prompt"])
def test_a_table_without_its_columns_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "words.tsv"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match="tab-separated columns prompt and text"):
        read_table(path)


def test_without_pocketsphinx_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(CorpusError, match=r"visavis\[corpus\]"):
        Aligner()


def test_a_missing_voice_model_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.corpus.voices.VITS", "en_US-nobody")
    with pytest.raises(MissingModel, match="fix:"), opened(SyntheticVoice(name="joe", sentences=1)):
        pass


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Press 2, or hold 10 seconds.", "press two or hold ten seconds"),
        ("The PBX is down.", "the p b x is down"),
        ("Don't un-mute!", "don't un mute"),
        ("to rerecord your voice-mail", "to re record your voice mail"),
        ("a bluebutton", "a blue button"),
        ("the qwrtzx", "the qwrtzx"),
        ("", ""),
    ],
)
def test_transcripts_become_words_of_the_dictionary(aligner: Aligner, text: str, words: str) -> None:
    assert dictionary_words(text, aligner.knows) == words.split()


def test_every_word_of_every_text_is_in_the_dictionary(aligner: Aligner) -> None:
    unknown = {
        word
        for line in sentences() + backchannels()
        for word in dictionary_words(line.text, aligner.knows)
        if not aligner.knows(word)
    }
    assert unknown == set()


def test_there_are_enough_different_texts() -> None:
    texts = [line.text for line in sentences()]
    assert len(texts) >= 340
    assert len(set(texts)) == len(texts)
    assert len(backchannels()) >= 10
    assert all(line.backchannel for line in backchannels())


def test_voices_are_dealt_different_sentences_the_same_from_the_same_seed() -> None:
    first = deal("joe", 50, seed=1)
    assert first == deal("joe", 50, seed=1)
    assert len(first) == 50 + len(backchannels())
    assert first != deal("joe", 50, seed=2)
    assert first != deal("joan", 50, seed=1)


def test_some_whole_voices_are_held_out() -> None:
    materials = {voice.name: voice.material for voice in VOICES}
    assert len(materials) == len(VOICES)
    tested = [voice for voice in VOICES if voice.material == "test"]
    assert {(bool(voice.espeak), bool(voice.kokoro)) for voice in tested} == {
        (True, False),
        (False, True),
        (False, False),
    }
    assert "validation" in materials.values()
    manners = [voice.model_dump(exclude={"name", "material", "sentences", "seed"}) for voice in VOICES]
    assert all(manners.count(manner) == 1 for manner in manners)


def test_a_voice_that_is_not_kokoros_is_made_from_what_it_was_made_from_before() -> None:
    assert "kokoro" not in EMMA.options
    assert EMMA.model_copy(update={"espeak": "", "kokoro": "af_heart"}).options["kokoro"] == "af_heart"


@pytest.mark.slow
def test_kokoro_speaks_what_it_is_told_and_names_its_speaker(aligner: Aligner) -> None:
    with opened(SyntheticVoice(name="kate", kokoro="af_heart", sentences=1)) as (speak, source):
        pcm, phones = speak("My phone fell.")
    assert "af_heart of kokoro-v1.0 (6e742170d309)" in source
    assert phones == ()
    found = aligner.align(pcm, dictionary_words("My phone fell.", aligner.knows))
    found.check()
    assert [word.text for word in found.words] == ["my", "phone", "fell"]


@given(st.lists(st.floats(0.01, 0.5), min_size=1, max_size=8), st.floats(0, 0.4), st.floats(0, 0.4))
def test_every_utterance_has_the_same_silence_at_its_ends(
    lengths: list[float], before: float, after: float
) -> None:
    ends = np.cumsum([before, *lengths, after]).tolist()
    names = ["SIL", *(["AA", "M"] * 4)[: len(lengths)], "SIL"]
    phones = [Phone(name, start, end) for name, start, end in zip(names, [0.0, *ends], ends, strict=False)]
    pcm, kept = trimmed(np.ones(round(ends[-1] * 16_000), dtype=np.float32), phones)
    assert [phone.name for phone in kept] == names
    assert kept[0].end == pytest.approx(EDGE, abs=1e-3)
    assert kept[-1].end - kept[-1].start == pytest.approx(EDGE, abs=1e-3)
    assert kept[-1].end == pytest.approx(len(pcm) / 16_000)
    for one, other in pairwise(kept):
        assert one.end == other.start
    said = [phone.end - phone.start for phone in kept[1:-1]]
    assert said == pytest.approx(lengths, abs=1e-3)


def test_a_bank_is_made_the_same_twice_by_one_worker_or_two_and_what_is_there_is_left(tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    index = make_bank(
        tmp_path / "a", with_human=False, voices=[EMMA, OTIS], progress=lambda *step: steps.append(step)
    )
    told: list[tuple[str, int, int]] = []
    again = make_bank(
        tmp_path / "b",
        with_human=False,
        voices=[EMMA, OTIS],
        workers=2,
        progress=lambda *step: told.append(step),
    )
    assert sorted(told) == sorted(steps)
    assert index == again == read_index(tmp_path / "a")
    assert (tmp_path / "a/emma.npz").read_bytes() == (tmp_path / "b/emma.npz").read_bytes()
    assert steps[-1] == ("otis", 2 + len(backchannels()), 2 + len(backchannels()))
    made = read_bank(tmp_path / "a")
    assert Counter((u.voice, u.material, u.backchannel) for u in made) == {
        ("emma", "train", False): 3,
        ("emma", "train", True): len(backchannels()),
        ("otis", "test", False): 2,
        ("otis", "test", True): len(backchannels()),
    }
    before = (tmp_path / "a/emma.npz").stat().st_mtime_ns
    steps.clear()
    more = EMMA.model_copy(update={"name": "ella", "espeak": "en-us+f4"})
    grown = make_bank(
        tmp_path / "a", with_human=False, voices=[EMMA, more], progress=lambda *step: steps.append(step)
    )
    assert (tmp_path / "a/emma.npz").stat().st_mtime_ns == before
    assert {step[0] for step in steps} == {"ella"}
    assert [record.voice for record in grown.voices] == ["emma", "ella"]
    other = make_bank(tmp_path / "a", with_human=False, voices=[EMMA], seed=1)
    assert other.voices[0].sha256 != index.voices[0].sha256


def test_an_interrupted_run_keeps_the_voices_that_were_finished(tmp_path: Path) -> None:
    def stop(what: str, done: int, of: int) -> None:
        if what == "otis" and done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_bank(tmp_path, with_human=False, voices=[EMMA, OTIS], progress=stop)
    assert [record.voice for record in read_index(tmp_path).voices] == ["emma"]
    assert {utterance.voice for utterance in read_bank(tmp_path)} == {"emma"}


@pytest.fixture(scope="module")
def human_bank(
    asterisk_prompts: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, Path]:
    """A bank, recordings, and a table whose words are right but for one prompt of each kind."""
    folder = tmp_path_factory.mktemp("human")
    (folder / "sounds").mkdir()
    for name in WORDS:
        shutil.copy(asterisk_prompts[name], folder / "sounds" / f"{name}.wav")
    test = next(f"t{n}" for n in range(50) if material_of(f"t{n}") == "test")
    wrong = next(f"w{n}" for n in range(50) if material_of(f"w{n}") == "test")
    shutil.copy(asterisk_prompts["conf-getpin"], folder / "sounds" / f"{wrong}.wav")
    for name in (test, wrong):  # other bytes than those under the even name, since copies are left out
        with (folder / "sounds" / f"{name}.wav").open("wb") as file:
            file.write(asterisk_prompts["vm-goodbye" if name == test else "vm-extension"].read_bytes())
    lines = [*WORDS.items(), (test, "Goodbye."), (wrong, "Nobody ever walks in the garden.")]
    table = folder / "words.tsv"
    table.write_text("prompt\ttext\n" + "".join(f"{name}\t{text}\n" for name, text in lines))
    make_bank(folder / "bank", recordings=folder / "sounds", transcripts=table, voices=[EMMA])
    return folder / "bank", folder / "sounds", table


def test_human_prompts_are_in_the_bank_by_their_names_rule_and_wrong_words_are_refused(
    human_bank: tuple[Path, Path, Path],
) -> None:
    bank = read_bank(human_bank[0])
    human = [utterance for utterance in bank if utterance.voice == recordings.VOICE]
    assert {utterance.name for utterance in human if utterance.material != "test"} == set(WORDS)
    prompts: list[Utterance] = recordings.test_prompts(bank)
    assert [utterance.text for utterance in prompts] == ["Goodbye."]
    assert [phone.name for phone in prompts[0].phones if phone.name != "SIL"] == ["G", "UH", "D", "B", "AY"]
    record = read_index(human_bank[0]).find(recordings.VOICE)
    assert record is not None
    assert sum(record.refused.values()) == 1
    assert record.licence == "CC-BY-SA-3.0"


def test_the_command_says_what_the_bank_holds(human_bank: tuple[Path, Path, Path], tmp_path: Path) -> None:
    assert "--transcripts" in CliRunner().invoke(app, ["bank", "--help"]).output
    missing = CliRunner().invoke(app, ["bank", "--out", str(tmp_path / "new"), "--recordings", str(tmp_path)])
    assert missing.exit_code != 0
    assert isinstance(missing.exception, CorpusError)


def test_an_error_about_a_model_is_the_same_from_another_process() -> None:
    error = pickle.loads(pickle.dumps(MissingModel("m", "isn't here", "install it")))
    assert (type(error), str(error)) == (MissingModel, "model m: isn't here; fix: install it")
