"""What a session begins with besides its engines: its memory and its initiative, from the configuration."""

from __future__ import annotations

from functools import partial

from agents.dialogue import Dialogue
from agents.emotion import READS
from agents.goodbye import Goodbyes
from agents.language_model import LanguageModel
from agents.memory.summarising import SummarisingDialogue, SummaryOptions
from agents.persona import Persona
from orchestration.chosen_voice import MannerOf, plainly
from orchestration.configuration import Configuration
from orchestration.session.initiative import InitiativeOptions
from orchestration.tones import tone_of


def open_dialogue(configuration: Configuration, persona: Persona, model: LanguageModel) -> Dialogue:
    """The memory of a session with ``persona``; ``model`` writes its summaries, if it makes any."""
    memory, budget = configuration.memory, configuration.session.dialogue_tokens
    if memory.summary_tokens == 0:
        return Dialogue(persona, token_budget=budget)
    options = SummaryOptions(memory.summary_tokens, memory.timeout_s)
    return SummarisingDialogue(persona, budget, model, options)


def initiative_options(configuration: Configuration, persona: Persona) -> InitiativeOptions:
    """What ``persona`` says unasked."""
    session, budget = configuration.session, configuration.budget
    closing = session.closing
    close_at = max(0.0, session.max_length_min * 60 - closing.before_limit_s)
    return InitiativeOptions(
        greeting=persona.greeting if session.greets else "",
        idle_after=session.idle.after_s,
        idle_prompts=persona.idle_prompts,
        idle_most=session.idle.most,
        takes_leave=Goodbyes(closing.goodbyes, [persona.name]) if closing.enabled else None,
        farewell=persona.farewell,
        time_is_over=persona.budget_spent,
        close_at=close_at if closing.enabled else None,
        turns=budget.turns,
        tokens=budget.tokens,
    )


def manners(configuration: Configuration, persona: Persona) -> MannerOf:
    """In which manner ``persona`` says what; always in the same one in a language that isn't read."""
    emotion = configuration.emotion
    if not (emotion.enabled and emotion.voice.strength and _reads(persona)):
        return plainly
    return partial(tone_of, options=emotion.voice)


def emotion_strength(configuration: Configuration, persona: Persona) -> float:
    """How much the face goes with what ``persona`` says, 0..1; not at all in a language that isn't read."""
    return configuration.emotion.strength if configuration.emotion.enabled and _reads(persona) else 0.0


def _reads(persona: Persona) -> bool:
    """Whether what ``persona`` says is in the language whose emotion is read."""
    return persona.language.partition("-")[0] == READS
