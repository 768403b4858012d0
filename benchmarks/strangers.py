"""How surely somebody else's voice is told from the user's, by how long they speak and how it is heard.

    python -m benchmarks.strangers [--fit] [--trials 300] [--out out/bench/strangers.json]

The people of Debian's Asterisk prompts (asterisk-core-sounds-en-wav, -fr-wav, -it-wav, -ru-wav and
asterisk-prompt-it-menardi-wav: telephone sound, so that they differ by nothing but their voices) and of a
children's game (ktuberling-data: a person a language, each with a microphone of their own). Somebody is known
from ``OWN_TURN`` seconds; then they, or another person of the same source, are heard for some time. People
with an odd MD5, and the English speaker's recordings with one, are reported; ``--fit`` fits the weights of
``agents/turn_taking/stranger.py`` on the others and reports on them instead.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from agents.turn_taking.stranger import LONGEST, SHORTEST, Whose, stranger
from orchestration.media import USER_SAMPLE_RATE, FloatArray
from orchestration.models.registry import load_registry
from orchestration.models.resolve import resolve
from orchestration.turn_bench.case import Half
from orchestration.turn_bench.others import others
from orchestration.turn_bench.recordings import half_of, sentences
from orchestration.turn_bench.sound import LEVEL, far, levelled, noise, trimmed
from orchestration.voices import ThreadedVoices
from speech.audio import load_audio
from speech.speaker.encoder import SpeakerConfig
from speech.speaker.voices import KnownVoices

GAME = Path("/usr/share/ktuberling/sounds")
LANGUAGES = ("ca", "da", "de", "el", "en", "fr", "gl", "lt", "ru", "sl", "uk", "wa")  # 70 words and more
RECORDINGS = 120  # of each person, at most
OWN_TURN = 2.5  # seconds from which somebody is known
LENGTHS = (0.56, 0.8, 1.2, 1.6, 2.0)  # seconds
CONDITIONS = ("clean", "far", "noise 15 dB", "noise 5 dB", "quiet")
QUIET = -10.0  # dB, in a room of -70 dBFS
ROOM = 3e-4  # RMS


@dataclass(frozen=True, slots=True)
class Trial:
    """Somebody heard after a user is known: is it the user?"""

    source: str
    condition: str
    seconds: float
    other: bool
    likeness: float


def people(half: Half) -> dict[str, dict[str, list[FloatArray]]]:
    """Recordings of the half by source and person."""
    telephone = {"en_US_f_Allison": [one.pcm for one in sentences(half)][:RECORDINGS]}
    telephone |= {name: [one.pcm for one in said] for name, said in others(half, RECORDINGS).items()}
    game = {}
    for language in LANGUAGES:
        files = sorted((GAME / language).rglob("*.ogg")) + sorted((GAME / language).rglob("*.wav"))
        said = [levelled(trimmed(load_audio(path))) for path in files[:RECORDINGS]]
        if half_of(f"kt-{language}") is half and said:
            game[language] = [pcm for pcm in said if pcm.size > 0.3 * USER_SAMPLE_RATE]
    return {"telephone": telephone, "game": game}


def heard(pcm: FloatArray, condition: str, rng: np.random.Generator) -> FloatArray:
    """The sound (samples,) as it comes to the microphone under a condition."""
    match condition.split():
        case ["far"]:
            return far(pcm)
        case ["noise", above, _]:
            gain = np.float32(10 ** ((LEVEL - float(above)) / 20))
            return np.asarray(pcm + gain * noise("pink", pcm.size, rng), np.float32)
        case ["quiet"]:
            faint = pcm * np.float32(10 ** (QUIET / 20))
            return np.asarray(faint + rng.normal(0, ROOM, pcm.size), np.float32)
        case _:
            return pcm


def some(said: Sequence[FloatArray], seconds: float, rng: np.random.Generator) -> FloatArray:
    """So many seconds of somebody's recordings, joined."""
    pieces: list[FloatArray] = []
    while sum(piece.size for piece in pieces) < seconds * USER_SAMPLE_RATE:
        pieces.append(said[rng.integers(len(said))])
    return np.concatenate(pieces)[: round(seconds * USER_SAMPLE_RATE)]


def trials(half: Half, count: int, voices: ThreadedVoices, rng: np.random.Generator) -> Iterator[Trial]:
    """Every condition and length for ``count`` turns of a user, and as many of somebody else."""
    for source, persons in people(half).items():
        names = sorted(persons)
        for _ in range(count if len(names) > 1 else 0):
            user, guest = rng.permutation(len(names))[:2]
            said = persons[names[user]]
            known = KnownVoices()
            turn = some(said[::2], OWN_TURN, rng)  # other recordings than those heard later
            known.learn(voices.learn_now(turn), OWN_TURN)
            for other, person in ((False, said[1::2]), (True, persons[names[guest]][1::2])):
                speech = some(person, max(LENGTHS), rng)
                for condition in CONDITIONS:
                    sound = heard(speech, condition, rng)
                    for seconds in LENGTHS:
                        direction = voices.hear_now(sound[: round(seconds * USER_SAMPLE_RATE)])
                        likeness = known.likeness(direction)
                        assert likeness is not None, "a turn of OWN_TURN seconds is enough to be known"
                        yield Trial(source, condition, seconds, other, likeness)


def fit(found: Sequence[Trial]) -> dict[str, float]:
    """The weights of the logistic model; both sources count alike."""
    likeness = np.array([one.likeness for one in found])
    length = np.log(np.clip([one.seconds for one in found], SHORTEST, LONGEST))
    model = LogisticRegression(C=1e4, max_iter=2_000)
    model.fit(np.stack((likeness, length, likeness * length), 1), [one.other for one in found])
    bias, weights = float(model.intercept_[0]), [float(weight) for weight in model.coef_[0]]
    return dict(zip(("BIAS", "LIKENESS", "LENGTH", "BOTH"), (bias, *weights), strict=True))


def shares(found: Sequence[Trial]) -> dict[str, Any]:
    """Who is taken for somebody else, and how well the two are apart whatever the threshold."""
    sure = Whose().sure
    scores = {
        other: np.array([stranger(t.likeness, t.seconds) for t in found if t.other is other])
        for other in (False, True)
    }
    users, guests = scores[False], scores[True]
    edges = np.sort(np.concatenate((users, guests)))
    wrong = [((users >= edge).mean() + (guests < edge).mean()) / 2 for edge in edges]
    return {
        "trials": len(users),
        "users taken for others": round(float((users >= sure).mean()), 3),
        "others told": round(float((guests >= sure).mean()), 3),
        "wrong at the best threshold": round(float(min(wrong)), 3),
    }


def main() -> None:
    """Measure, and fit if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fit", action="store_true", help="fit the weights, on the other half")
    parser.add_argument("--trials", type=int, default=300, help="turns of a user, of each source")
    parser.add_argument("--out", type=Path, default=Path("out/bench/strangers.json"))
    options = parser.parse_args()
    half = Half.DEVELOPMENT if options.fit else Half.TEST
    model = resolve("ge2e-speaker", "speaker", load_registry()).location
    rng = np.random.default_rng(1)
    found = list(trials(half, options.trials, ThreadedVoices(SpeakerConfig(model=model)), rng))
    if options.fit:
        print(json.dumps(fit(found), indent=1))
    table = {
        f"{source}, {condition or 'all'}, {seconds:g} s": shares(
            [
                t
                for t in found
                if t.source == source and t.seconds == seconds and t.condition in (condition or CONDITIONS)
            ]
        )
        for source in sorted({one.source for one in found})
        for condition in (*CONDITIONS, "")
        for seconds in LENGTHS
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    rows = [asdict(one) for one in found]
    options.out.write_text(json.dumps({"half": half.value, "table": table, "trials": rows}) + "\n")
    for name, row in table.items():
        print(f"{name:32} {row}")


if __name__ == "__main__":
    main()
