"""The bank of utterances: what is written is read, and what is broken is said."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.training.dyads.bank import (
    BankError,
    BankIndex,
    VoiceRecord,
    read_bank,
    read_index,
    write_index,
    write_voice,
)
from avatar.training.dyads.utterance import Phone, Utterance


def tone(seconds: float = 0.5) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    times = np.arange(round(seconds * 16_000)) / 16_000
    return (0.5 * np.sin(2 * np.pi * 220 * times)).astype(np.float32)


def said(name: str = "one", voice: str = "joe", material: str = "train", **changes: object) -> Utterance:
    phones = (Phone("SIL", 0.0, 0.1), Phone("AA", 0.1, 0.35), Phone("SIL", 0.35, 0.5))
    made = Utterance(name, voice, material, "ah", tone(), phones)
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def written(folder: Path, *utterances: Utterance) -> VoiceRecord:
    return write_voice(folder, utterances, source="a test", licence="CC0-1.0")


def index_of(folder: Path, *records: VoiceRecord) -> None:
    write_index(folder, BankIndex(seed=3, voices=records))


@st.composite
def utterances(draw: st.DrawFn) -> list[Utterance]:
    made = []
    for number in range(draw(st.integers(1, 4))):
        lengths = draw(st.lists(st.floats(0.001, 1.0), max_size=6))
        ends = np.cumsum(lengths).tolist()
        names = draw(st.lists(st.sampled_from(["SIL", "AA", "M", "ZH"]), min_size=6, max_size=6))
        made.append(
            Utterance(
                name=draw(st.text(max_size=8)) + str(number),
                voice="joe",
                material=draw(st.sampled_from(["train", "validation", "test"])),
                text=draw(st.text(max_size=20)),
                pcm=np.array(draw(st.lists(st.floats(-1, 1, width=32), max_size=30)), dtype=np.float32),
                phones=tuple(
                    Phone(name, start, end)
                    for name, start, end in zip(names, [0.0, *ends], ends, strict=False)
                ),
                backchannel=draw(st.booleans()),
            )
        )
    return made


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield tmp_path_factory.mktemp("bank")


@given(utterances())
def test_what_is_written_is_read_with_phones_and_texts_to_the_bit_and_sound_to_16_bits(
    shelf: Path, made: list[Utterance]
) -> None:
    index_of(shelf, written(shelf, *made))
    again = read_bank(shelf)
    for before, after in zip(made, again, strict=True):
        assert dataclasses.replace(after, pcm=before.pcm) == before
        assert after.pcm.dtype == np.float32
        np.testing.assert_allclose(after.pcm, before.pcm, atol=0.5 / 32767 + 1e-7)


def test_the_same_utterances_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (written(tmp_path / name, said(), said("two")) for name in "ab")
    assert first == second
    assert (tmp_path / "a" / "joe.npz").read_bytes() == (tmp_path / "b" / "joe.npz").read_bytes()


def test_the_index_says_how_much_of_each_material_there_is(tmp_path: Path) -> None:
    record = written(tmp_path, said(), said("two"), said("three", material="test"))
    assert record.utterances == {"train": 2, "test": 1}
    assert record.seconds == {"train": 1.0, "test": 0.5}
    assert record.phones == 9
    index_of(tmp_path, record)
    assert read_index(tmp_path).seconds("train") == 1.0
    assert read_index(tmp_path).seconds("validation") == 0.0


def test_a_reader_gets_the_material_and_voices_it_asks_for(tmp_path: Path) -> None:
    records = [
        written(tmp_path, said(), said("two", material="test")),
        written(tmp_path, said("three", voice="joan"), said("four", voice="joan", material="validation")),
    ]
    index_of(tmp_path, *records)
    assert [u.name for u in read_bank(tmp_path)] == ["one", "two", "three", "four"]
    assert [u.name for u in read_bank(tmp_path, materials=["train"])] == ["one", "three"]
    assert [u.name for u in read_bank(tmp_path, voices=["joan"])] == ["three", "four"]
    assert read_bank(tmp_path, materials=["test"], voices=["joan"]) == []


def test_no_bank_names_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(BankError, match="visavis corpus bank"):
        read_bank(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", '{"format": 2, "seed": 0}', '{"seed": 0, "colour": "red"}'])
def test_an_index_of_another_make_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(BankError, match=r"index\.json isn't the index"):
        read_index(tmp_path)


def test_a_file_that_was_changed_gone_or_is_no_archive_is_refused(tmp_path: Path) -> None:
    record = written(tmp_path, said())
    index_of(tmp_path, record)
    (tmp_path / "joe.npz").write_bytes(b"not an archive")
    with pytest.raises(BankError, match="isn't the file that the index describes"):
        read_bank(tmp_path)
    (tmp_path / "joe.npz").unlink()
    with pytest.raises(BankError, match="is gone"):
        read_bank(tmp_path)


def test_pickles_are_never_read(tmp_path: Path) -> None:
    import hashlib

    record = written(tmp_path, said())
    path = tmp_path / "joe.npz"
    np.savez(path, pcm=np.array([{}], dtype=object), offsets=np.zeros(2), entries=np.zeros(1))
    index_of(tmp_path, record.model_copy(update={"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}))
    with pytest.raises(BankError, match="isn't a voice of a bank"):
        read_bank(tmp_path)


def test_an_unknown_voice_or_material_is_named_with_those_there_are(tmp_path: Path) -> None:
    index_of(tmp_path, written(tmp_path, said()))
    with pytest.raises(BankError, match="no voice 'jim'; it has joe"):
        read_bank(tmp_path, voices=["jim"])
    with pytest.raises(BankError, match="'dev'; choose from train, validation, test"):
        read_bank(tmp_path, materials=["dev"])


def test_what_can_not_be_kept_is_refused_at_writing(tmp_path: Path) -> None:
    with pytest.raises(BankError, match="not of joan, joe"):
        written(tmp_path, said(), said(voice="joan"))
    with pytest.raises(BankError, match="not of none"):
        written(tmp_path)
    with pytest.raises(BankError, match="can't name a file"):
        written(tmp_path, said(voice="../joe"))
    with pytest.raises(BankError, match="'dev' material"):
        written(tmp_path, said(material="dev"))
    backwards = (Phone("AA", 0.0, 0.3), Phone("M", 0.2, 0.5))
    with pytest.raises(BankError, match=r"phone M at 0\.2-0\.5 s doesn't follow"):
        written(tmp_path, said(phones=backwards))
    assert list(tmp_path.iterdir()) == []
