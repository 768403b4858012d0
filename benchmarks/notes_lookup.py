"""How well questions find their note, and how long that takes: MiniLM on two small folders.

``python -m benchmarks.notes_lookup``. How passages are scored and ``notes.min_similarity`` were chosen on
``notes_to_tune_on``; the folder of the tests was only ever reported.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from agents.embedder import EmbedderConfig
from agents.minilm import MiniLM
from agents.notes.passages import Notes, NotesConfig
from orchestration.models.ledger import Ledger
from orchestration.models.registry import load_registry
from orchestration.models.resolve import resolve
from tests.agents.test_notes import FOLDER, QUESTIONS

HERE = Path(__file__).parent
TO_TUNE_ON = {
    "When can I get into my room?": "Check-in",
    "Is a bed for my four year old extra?": "Extra beds",
    "Until when can I eat in the morning?": "served from seven",
    "I can't eat wheat, is that a problem?": "Gluten-free",
    "Can I go swimming late?": "pool",
    "How do I get online?": "wireless",
    "Where may I have a cigarette?": "Smoking",
    "Somebody sent me a package, where is it?": "Parcels",
    "Where do I put my valuables?": "safe",
    "How do I get to my flight?": "airport",
    "Can you wash my clothes?": "Laundry",
    "What do you see from the window?": "view of the harbour",
}
CHAT = (  # needs no note
    "Tell me a joke.",
    "What's your name?",
    "Thank you very much.",
    "Hello there!",
    "How are you today?",
    "Do you like music?",
    "What is the capital of France?",
    "I am a bit tired.",
)


async def look_up(model: MiniLM, folder: Path, questions: dict[str, str], cache: Path) -> None:
    """Print hits, needless finds and times for one folder."""
    notes = Notes(NotesConfig(folder=folder, timeout_s=5), model, "minilm", cache)
    begin = time.perf_counter()
    passages = await notes.open()
    opened = time.perf_counter() - begin
    hits, times = 0, []
    for question, words in questions.items():
        begin = time.perf_counter()
        found = await notes.find(question)
        times.append(1000 * (time.perf_counter() - begin))
        hits += bool(found) and words in found[0].text
    needless = sum([bool(await notes.find(text)) for text in CHAT])
    print(f"{folder.name}: {passages} passages in {opened:.1f} s")
    print(f"  first passage right: {hits} of {len(questions)}; needless: {needless} of {len(CHAT)}")
    print(f"  {statistics.median(times):.0f} ms median, {max(times):.0f} most")


async def main() -> None:
    location = resolve("minilm-l6-v2", "embedder", load_registry(), ledger=Ledger()).location
    model = MiniLM(EmbedderConfig(model=location))
    try:
        with tempfile.TemporaryDirectory() as cache:
            await look_up(model, HERE / "notes_to_tune_on", TO_TUNE_ON, Path(cache))
            await look_up(model, FOLDER, QUESTIONS, Path(cache))
    finally:
        model.close()


if __name__ == "__main__":
    asyncio.run(main())
