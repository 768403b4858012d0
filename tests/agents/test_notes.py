"""What the agent can look up in a folder, and what becomes of files that are no notes."""

from __future__ import annotations

import asyncio
import os
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from agents.embedder import EmbedderConfig, EmbedderError, FloatArray
from agents.language_model import Message
from agents.minilm import MiniLM
from agents.notes.chunking import passages, sentences
from agents.notes.grounded import GroundedLanguageModel
from agents.notes.index import VectorCache
from agents.notes.passages import Notes, NotesConfig
from agents.notes.reading import NotesError, Skipped, read_folder

FOLDER = Path(__file__).parent / "notes_folder"
# Written before the notes were ever searched; each names words that only the right passage holds.
QUESTIONS = {
    "Can I come on a Monday?": "On Mondays",
    "What does it cost to get in?": "A ticket costs",
    "Is it possible to park my car?": "car park",
    "I'm allergic to nuts, can I eat something here?": "peanuts",
    "Where did they find the big swimming reptile?": "plesiosaur",
    "When do the star shows start?": "planetarium",
    "May I bring my dog?": "Guide dogs",
    "My grandmother can't walk far, is there a chair with wheels for her?": "Wheelchairs",
    "Where do I leave my backpack?": "locker",
    "How do I sign up my school class for a tour?": "School classes",
    "Can we celebrate my daughter's birthday with you?": "Birthday parties",
    "Am I allowed to take pictures?": "Photographs",
}


class WordsEmbedder:
    """Texts are alike by the words they share: enough to test everything but the meaning."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.delay = 0.0
        self.failure: EmbedderError | None = None

    async def embed(self, texts: Sequence[str]) -> FloatArray:
        self.calls.append(list(texts))
        await asyncio.sleep(self.delay)
        if self.failure is not None:
            raise self.failure
        vectors = np.zeros((len(texts), 256), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in text.lower().split():
                row[zlib.crc32(word.strip(".,?!").encode()) % 256] += 1
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


async def opened(folder: Path, cache: Path, embedder: WordsEmbedder | None = None, **options) -> Notes:
    notes = Notes(NotesConfig(folder=folder, **options), embedder or WordsEmbedder(), "words", cache)
    await notes.open()
    return notes


class TestReading:
    def write(self, folder: Path, case: str) -> None:
        bad = folder / "bad.md"
        match case:
            case "binary":
                bad.write_bytes(bytes(range(256)) * 4)
            case "binary without zeros":
                bad.write_bytes(b"\x01\x02text\x03\x04" * 20)
            case "empty":
                bad.write_text(" \n\n")
            case "huge":
                bad.write_bytes(b"word " * 300_000)
            case "latin-1":
                bad.write_bytes("Le café est fermé.".encode("latin-1"))
            case "utf-16":
                bad.write_bytes("The café is closed.".encode("utf-16"))
            case "link out":
                outside = folder.parent / "secret.md"
                outside.write_text("not for visitors")
                bad.symlink_to(outside)
            case "link to a folder outside":
                (folder.parent / "elsewhere").mkdir()
                (folder.parent / "elsewhere" / "note.md").write_text("not for visitors")
                bad.symlink_to(folder.parent / "elsewhere")
            case "links in a circle":
                bad.symlink_to(folder / "other.md")
                (folder / "other.md").symlink_to(bad)
            case "dangling link":
                bad.symlink_to(folder / "gone.md")
            case "pipe":
                os.mkfifo(bad)
            case "picture":
                (folder / "bad.png").write_bytes(b"\x89PNG")

    @pytest.mark.parametrize(
        ("case", "reason"),
        [
            ("binary", Skipped.BINARY),
            ("binary without zeros", Skipped.BINARY),
            ("empty", Skipped.EMPTY),
            ("huge", Skipped.HUGE),
            ("latin-1", Skipped.ENCODING),
            ("utf-16", Skipped.BINARY),
            ("link out", Skipped.LINK),
            ("link to a folder outside", Skipped.LINK),
            ("links in a circle", Skipped.UNREADABLE),
            ("dangling link", Skipped.UNREADABLE),
            ("pipe", Skipped.IRREGULAR),
            ("picture", Skipped.KIND),
        ],
    )
    def test_what_is_no_note_is_left_out_with_its_reason_and_the_rest_is_read(self, tmp_path, case, reason):
        folder = tmp_path / "notes"
        folder.mkdir()
        (folder / "good.md").write_text("The café is on the ground floor.")
        self.write(folder, case)
        reading = read_folder(folder)
        assert [note.name for note in reading.notes] == ["good.md"]
        assert set(reading.skipped.values()) == {reason}
        assert reading.counts()[reason.value] == len(reading.skipped)

    def test_each_file_that_is_left_out_is_logged_by_name(self, tmp_path, caplog):
        (tmp_path / "empty.txt").write_text("")
        read_folder(tmp_path)
        assert "empty.txt is left out: empty" in caplog.text

    def test_a_folder_that_is_not_there_is_named(self, tmp_path):
        with pytest.raises(NotesError, match=r"nowhere.*notes\.folder"):
            read_folder(tmp_path / "nowhere")

    def test_no_more_notes_are_read_than_the_limit(self, tmp_path):
        for n in range(5):
            (tmp_path / f"{n}.md").write_text("a note")
        reading = read_folder(tmp_path, max_notes=3)
        assert len(reading.notes) == 3
        assert reading.counts() == {Skipped.TOO_MANY.value: 2}

    def test_hidden_files_and_folders_are_passed_over(self, tmp_path):
        (tmp_path / ".git").mkdir()
        (tmp_path / ".git" / "note.md").write_text("a note")
        (tmp_path / ".hidden.md").write_text("a note")
        reading = read_folder(tmp_path)
        assert not reading.notes
        assert not reading.skipped


class TestChunking:
    def test_short_paragraphs_share_a_passage_and_headings_name_it(self):
        text = "# Prices\n\nA ticket costs ten.\n\nA card costs thirty.\n\n## Hours\n\nOpen at nine."
        assert list(passages(text)) == [
            "Prices: A ticket costs ten. A card costs thirty.",
            "Hours: Open at nine.",
        ]

    def test_a_long_paragraph_is_cut_after_a_sentence(self):
        text = " ".join(["One two three four five six seven."] * 10)
        cut = list(passages(text, limit=16))
        assert all(len(passage.split()) == 14 and passage.endswith("seven.") for passage in cut)
        assert " ".join(cut) == text

    def test_a_sentence_without_an_end_is_cut_at_words(self):
        text = " ".join(f"word{n}" for n in range(1000))
        cut = list(passages(text, limit=120))
        assert max(len(passage.split()) for passage in cut) == 120
        assert " ".join(cut) == text

    def test_no_word_is_lost_or_said_twice(self):
        for path in sorted(FOLDER.rglob("*.*")):
            text = path.read_text()
            bare = [word.strip("#") for word in text.split() if word.strip("#")]
            found = " ".join(passages(text, limit=25)).replace(":", " ").split()
            assert set(found) >= {word.replace(":", "") for word in bare}

    def test_the_sentences_of_a_passage_are_the_passage(self):
        text = 'Dr. Moss opens at 9 a.m. on Mondays. Really? Yes: "Come in!" she says'
        assert " ".join(sentences(text)) == text
        assert list(sentences(text))[:2] == ["Dr. Moss opens at 9 a.m. on Mondays.", "Really?"]

    def test_lists_and_emphasis_are_read_without_their_marks(self):
        assert list(passages("- **Soup** of the day\n- *Cake*")) == ["Soup of the day Cake"]


class TestLookingUp:
    async def test_the_nearest_passage_comes_first(self, tmp_path):
        notes = await opened(FOLDER, tmp_path, min_similarity=0.0)
        found = await notes.find("a steam engine is fired up")
        assert found[0].source == "exhibits.md"
        assert found[0].text.startswith("Machines: In the basement")
        assert found[0].similarity >= found[-1].similarity

    async def test_what_is_like_nothing_finds_nothing(self, tmp_path):
        notes = await opened(FOLDER, tmp_path, min_similarity=0.5)
        assert await notes.find("zymurgy quokka") == ()
        assert await notes.find("  ") == ()

    async def test_vectors_are_made_once_and_kept_outside_the_folder(self, tmp_path):
        before = sorted(FOLDER.rglob("*"))
        first, second = WordsEmbedder(), WordsEmbedder()
        one = await opened(FOLDER, tmp_path, first)
        two = await opened(FOLDER, tmp_path, second)
        assert len(first.calls) == 5
        assert second.calls == []
        assert two.counts["kept"] == 5
        assert await one.find("a yearly card") == await two.find("a yearly card")
        assert sorted(FOLDER.rglob("*")) == before

    async def test_only_a_note_that_changed_is_embedded_again(self, tmp_path):
        folder = tmp_path / "notes"
        folder.mkdir()
        (folder / "a.md").write_text("The café is open.")
        (folder / "b.md").write_text("The shop is open.")
        await opened(folder, tmp_path / "cache")
        (folder / "b.md").write_text("The shop is closed.")
        embedder = WordsEmbedder()
        await opened(folder, tmp_path / "cache", embedder)
        assert embedder.calls == [["The shop is closed."]]

    @pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", b"\x80\x04K\x01."], ids=["empty", "cut", "pickle"])
    async def test_damaged_vectors_are_made_anew(self, tmp_path, damage, caplog):
        await opened(FOLDER, tmp_path)
        for path in tmp_path.glob("*.npy"):
            path.write_bytes(damage)
        embedder = WordsEmbedder()
        await opened(FOLDER, tmp_path, embedder)
        assert len(embedder.calls) == 5
        assert "made anew" in caplog.text

    async def test_a_cache_that_cannot_be_written_costs_only_time(self, tmp_path):
        (tmp_path / "file").write_text("")
        notes = await opened(FOLDER, tmp_path / "file" / "cache", min_similarity=0.0)
        assert await notes.find("a yearly card")

    def test_vectors_that_were_not_used_for_longest_go(self, tmp_path):
        cache = VectorCache(tmp_path, "words")
        for n in range(4):
            cache.store(f"key{n}", np.zeros((1, 2), np.float32))
            os.utime(tmp_path / f"key{n}.npy", (n, n))
        cache.prune(most=2)
        assert sorted(path.stem for path in tmp_path.glob("*.npy")) == ["key2", "key3"]

    async def test_an_embedder_that_is_late_or_fails_is_counted_and_nothing_is_found(self, tmp_path):
        embedder = WordsEmbedder()
        notes = await opened(FOLDER, tmp_path, embedder, timeout_s=0.02)
        embedder.delay = 1.0
        assert await notes.find("a yearly card") == ()
        embedder.delay, embedder.failure = 0.0, EmbedderError("no memory left")
        assert await notes.find("a ticket") == ()
        assert (notes.counts["late"], notes.counts["failed"]) == (1, 1)

    async def test_the_same_question_is_embedded_once(self, tmp_path):
        embedder = WordsEmbedder()
        notes = await opened(FOLDER, tmp_path, embedder)
        for _ in range(3):
            await notes.find("a yearly card")
        assert sum(call == ["a yearly card"] for call in embedder.calls) == 1


class TestGrounding:
    async def test_the_passages_stand_in_the_last_turn_of_the_user_and_nowhere_else(self, tmp_path):
        notes = await opened(FOLDER, tmp_path, min_similarity=0.2, top_k=1)
        model = Recorded()
        messages = (
            Message("system", "You are Mira."),
            Message("user", "hello"),
            Message("assistant", "Hello."),
            Message("user", "is there a yearly card"),
        )
        async for _ in GroundedLanguageModel(model, notes).stream(messages):
            pass
        assert model.asked[:3] == list(messages[:3])
        assert "A yearly card costs thirty-five dollars" in model.asked[3].content
        assert model.asked[3].content.endswith("\n\nis there a yearly card")
        assert messages[3].content == "is there a yearly card"

    async def test_a_reply_goes_on_without_notes_when_they_fail(self, tmp_path):
        embedder = WordsEmbedder()
        notes = await opened(FOLDER, tmp_path, embedder)
        embedder.failure = EmbedderError("no memory left")
        model = Recorded()
        messages = (Message("user", "a yearly card"),)
        async for _ in GroundedLanguageModel(model, notes).stream(messages):
            pass
        assert model.asked == list(messages)


class Recorded:
    async def stream(self, messages, *, max_tokens=None, tools=None):
        self.asked = list(messages)
        for part in ():
            yield part


@pytest.fixture(scope="module")
def minilm(model_file):
    model = MiniLM(EmbedderConfig(model=str(model_file("minilm"))))
    yield model
    model.close()


@pytest.mark.slow
class TestMiniLM:
    async def test_sentences_that_mean_the_same_are_alike(self, minilm):
        alike, other, same = await minilm.embed(
            ["How much is a ticket?", "Where are the dinosaurs?", "What does it cost to get in?"]
        )
        assert alike @ same > 0.5
        assert alike @ other < 0.2

    async def test_vectors_have_unit_length_and_do_not_depend_on_what_is_embedded_beside_them(self, minilm):
        long = "A much longer sentence stands beside it, so that the short one is padded."
        alone = await minilm.embed(["Hello."])
        beside = await minilm.embed(["Hello.", long])
        assert np.linalg.norm(beside, axis=1) == pytest.approx(1, abs=1e-5)
        assert alone[0] == pytest.approx(beside[0], abs=1e-5)

    async def test_questions_in_other_words_find_their_passage(self, minilm, tmp_path):
        notes = Notes(NotesConfig(folder=FOLDER, timeout_s=5), minilm, "minilm", tmp_path)
        await notes.open()
        hits = [bool(f := await notes.find(q)) and words in f[0].text for q, words in QUESTIONS.items()]
        assert sum(hits) >= 11

    def test_a_folder_without_a_model_is_named(self, tmp_path):
        with pytest.raises(EmbedderError, match="no sentence embedder"):
            MiniLM(EmbedderConfig(model=str(tmp_path)))
