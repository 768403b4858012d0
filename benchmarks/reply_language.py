"""How often English clauses are taken for another language: `python -m benchmarks.reply_language`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from agents.clauses import ClauseSplitter
from agents.reply_language import MIN_WORDS, LanguageJudge

ROOT = Path(__file__).parents[1]
PROSE = re.compile(r"[\w ,.'!?;:-]+")  # clauses without code, addresses and tables


def clauses() -> Iterator[str]:
    """Clauses of the documentation, cut as replies are."""
    for file in [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"]:
        text = re.sub(r"```.*?```", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        lines = [line for line in text.splitlines() if not line.startswith(("|", "#", "-"))]
        splitter = ClauseSplitter()
        for clause in [*splitter.feed("\n".join(lines)), *splitter.flush()]:
            if len(clause.split()) >= MIN_WORDS and PROSE.fullmatch(clause):
                yield clause


def main() -> None:
    judge = LanguageJudge()
    judge.load()
    told = Counter(judge.told(clause, "en") for clause in clauses())
    total = sum(told.values())
    print(f"{total} clauses: " + ", ".join(f"{name}: {n / total:.3f}" for name, n in told.most_common()))


if __name__ == "__main__":
    main()
