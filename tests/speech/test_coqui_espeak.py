# ruff: noqa: RUF001 - phonetic letters and typographic marks are the subject
"""espeak-ng's library, without its program."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import espeakng_loader
import pytest

from speech.espeak import EspeakError, shared_espeak


def test_text_becomes_ipa_by_language() -> None:
    assert shared_espeak().phonemize("Hello world", "en-us") == "həlˈoʊ wˈɜːld"
    assert shared_espeak().phonemize("Guten Tag", "de") == "ɡˈuːtən tˈɑːk"


def test_marks_of_a_language_switch_are_left_out() -> None:
    assert "(" not in shared_espeak().phonemize("C'est le football", "fr-fr")


def test_all_clauses_of_a_long_text_are_phonemised() -> None:
    said = shared_espeak().phonemize("seven, two. " * 500, "en-us")
    assert said.count("sˈɛvən tˈuː") == 500


@pytest.mark.parametrize("text", ["", " ", "\0", "\ud800", "...", "\u202e"])
def test_text_without_words_is_silent(text: str) -> None:
    assert shared_espeak().phonemize(text, "en-us") == ""


def test_an_unknown_language_is_named_with_the_remedy() -> None:
    with pytest.raises(EspeakError, match=r"'klingonese'.*en-us"):
        shared_espeak().phonemize("hello", "klingonese")
    assert shared_espeak().phonemize("yes", "en-us") == "jˈɛs"


def test_threads_take_turns() -> None:
    wanted = {language: shared_espeak().phonemize("seven hundred", language) for language in ("en-us", "de")}
    wrong: list[str] = []

    def speak(language: str) -> None:
        for _ in range(200):
            said = shared_espeak().phonemize("seven hundred", language)
            if said != wanted[language]:
                wrong.append(said)

    threads = [threading.Thread(target=speak, args=(language,)) for language in wanted for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["with some spaces", "a" * 100 + "/" + "b" * 100])
def test_the_data_may_lie_under_any_path(tmp_path: Path, folder: str) -> None:
    data = tmp_path / folder / "espeak-ng-data"
    shutil.copytree(espeakng_loader.get_data_path(), data)
    code = (
        "import sys; from pathlib import Path; from speech.espeak import Espeak;"
        "print(ascii(Espeak(data=Path(sys.argv[1])).phonemize('hello', 'en-us')))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(data)], capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout.strip() == ascii("həlˈoʊ")


def test_missing_voices_are_named_with_the_remedy(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from speech.espeak import Espeak;"
        "Espeak(data=Path(sys.argv[1]))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert said.returncode != 0
    assert "reinstall the package espeakng-loader" in said.stderr
