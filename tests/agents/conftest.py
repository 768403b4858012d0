"""A real small language model, opened once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agents.configuration import LlamaConfig
from agents.llama import LocalLlama
from agents.persona import Persona, load_persona

PERSONAS = Path(__file__).resolve().parents[2] / "configs" / "personas"


@pytest.fixture(scope="session")
def llama_config(model_file: Callable[[str], Path]) -> LlamaConfig:
    """The packaged model with one thread and patience for a busy machine."""
    return LlamaConfig(
        model=str(model_file("smollm2-135m")), context=1024, threads=1, first_token_timeout=60, timeout=120
    )


@pytest.fixture(scope="session")
def llama(llama_config: LlamaConfig) -> Iterator[LocalLlama]:
    """SmolLM2-135M on llama.cpp."""
    model = LocalLlama(llama_config)
    yield model
    model.close()


@pytest.fixture(scope="session")
def mira() -> Persona:
    """The packaged persona."""
    return load_persona(PERSONAS / "mira.yaml")
