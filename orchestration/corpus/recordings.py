"""Human speech: the prompts of Debian's asterisk-core-sounds-en-wav, and which of them may be trained on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from avatar.training.dyads.bank import Material
from avatar.training.dyads.utterance import Utterance
from orchestration.corpus.errors import CorpusError

VOICE = "allison"
SOURCE = "Debian asterisk-core-sounds-en-wav, recordings of Allison Smith"
LICENCE = "CC-BY-SA-3.0"
FOLDERS = (Path("/usr/share/asterisk/sounds/en_US_f_Allison"), Path("/usr/share/asterisk/sounds/en_US"))
_ONE_IN = 10  # of those that may be trained on is kept for validation


def find_recordings(folder: Path | None = None) -> dict[str, Path]:
    """Recordings by name, the path inside the folder without its ending: ``vm-intro``, ``digits/1``.

    Raises ``CorpusError`` where there are none; ``folder`` None is where Debian puts them.
    """
    folders = FOLDERS if folder is None else (folder,)
    found = next((place for place in folders if place.is_dir()), None)
    paths = sorted(found.rglob("*.wav")) if found else []
    if found is None or not paths:
        raise CorpusError(
            f"no recordings in {folders[0]}: apt-get install asterisk-core-sounds-en-wav, "
            "or give the folder with --recordings, or do without them with --no-human"
        )
    return {path.relative_to(found).with_suffix("").as_posix(): path for path in paths}


def material_of(name: str) -> Material | None:
    """What the recording called ``name`` may be used for.

    An odd MD5 of the name is ``test`` material, only ever reported on. An even one may be trained on; one in
    ten of these is for validation. In a subfolder (``digits/1``) the whole name and its last part both count;
    where they disagree the recording is used for nothing.
    """
    digests = [_md5(name), _md5(name.rpartition("/")[2])]
    odd = {digest % 2 for digest in digests}
    if odd == {1}:
        return "test"
    if odd == {0}:
        return "validation" if digests[0] // 2 % _ONE_IN == 0 else "train"
    return None


def test_prompts(bank: Iterable[Utterance]) -> list[Utterance]:
    """The human prompts of a bank that are only reported on."""
    return [utterance for utterance in bank if utterance.voice == VOICE and utterance.material == "test"]


test_prompts.__test__ = False  # type: ignore[attr-defined] # a test that imports it doesn't mean to run it


def without_copies(recordings: dict[str, Path]) -> dict[str, Path]:
    """Recordings that may be used, less those whose very bytes are also under a name of other material.

    The copy that is kept is the test's, so that nothing reported on was ever trained on.
    """
    test = {_bytes_of(path) for name, path in recordings.items() if material_of(name) == "test"}
    held = {_bytes_of(path) for name, path in recordings.items() if material_of(name) == "validation"}
    kept: dict[str, Path] = {}
    for name, path in recordings.items():
        material = material_of(name)
        content = _bytes_of(path)
        if material == "test" or (
            material is not None and content not in test and (material == "validation" or content not in held)
        ):
            kept[name] = path
    return kept


def _md5(name: str) -> int:
    return int(hashlib.md5(name.encode(), usedforsecurity=False).hexdigest(), 16)


def _bytes_of(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()
