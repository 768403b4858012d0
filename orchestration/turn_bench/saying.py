"""How the synthetic users' texts become sound: espeak-ng's formants, or Kokoro, whose sounds are kept."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import numpy as np

from orchestration.corpus.voices import KOKORO, Speaker, SyntheticVoice, opened
from orchestration.media import USER_SAMPLE_RATE, FloatArray
from orchestration.models.ledger import cache_folder
from orchestration.models.registry import load_registry
from speech.audio import resample
from speech.espeak import own_espeak

Say = Callable[[str, str], FloatArray]  # a text and whose voice: (samples,) at 16 kHz
PACE: Final = 165  # words a minute of espeak-ng
FORM: Final = "1"  # of the way from a text to Kokoro's sound; another one, and what was kept isn't found


def formant_say() -> Say:
    """espeak-ng's speakers, by its names such as en-gb+f3."""
    espeak = own_espeak()

    def say(text: str, speaker: str) -> FloatArray:
        sound = espeak.speak(text, speaker, words_per_minute=PACE)
        return resample(sound.pcm, espeak.sample_rate, USER_SAMPLE_RATE)

    return say


def spoken_folder() -> Path:
    """Where Kokoro's sounds are kept: ``$XDG_CACHE_HOME/visavis/spoken``."""
    return cache_folder().parent / "spoken"


def model_digest() -> str:
    """SHA-256 of Kokoro's weights, as the registry has it."""
    entry = load_registry().find(KOKORO, "synthesizer")
    assert entry is not None  # configs/models.yaml has it
    return entry.files[0].sha256


def kept_at(folder: Path, model: str, speaker: str, text: str) -> Path:
    """The file of one sound: another text, speaker or model (its SHA-256) has another."""
    key = "\0".join((FORM, model, speaker, text))
    return folder / f"{hashlib.sha256(key.encode()).hexdigest()}.npy"


@contextmanager
def neural_say(folder: Path | None = None) -> Iterator[Say]:
    """Kokoro's speakers, by its names such as af_heart; what ``folder`` holds already isn't spoken again.

    To speak takes a slow core as long as the sound lasts; a speaker's model is opened with the first text
    that isn't there. Raises ``ModelError`` where it is missing, ``VoiceError`` for an unknown speaker.
    """
    kept, model = spoken_folder() if folder is None else folder, model_digest()
    with ExitStack() as models:
        speakers: dict[str, Speaker] = {}

        def say(text: str, speaker: str) -> FloatArray:
            path = kept_at(kept, model, speaker, text)
            if not path.is_file():
                if speaker not in speakers:
                    voice = SyntheticVoice(name=speaker, kokoro=speaker, sentences=1)
                    speakers[speaker], _ = models.enter_context(opened(voice))
                _keep(path, speakers[speaker](text)[0])
            return np.asarray(np.load(path, allow_pickle=False), np.float32)

        yield say


def _keep(path: Path, pcm: FloatArray) -> None:
    """Under its name only once it is whole: a run may be cut off."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        np.save(file, pcm, allow_pickle=False)
    Path(file.name).replace(path)
