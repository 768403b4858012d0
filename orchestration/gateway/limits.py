"""How sessions are to behave, gathered from all over the configuration."""

from __future__ import annotations

from agents.persona import Persona
from agents.reading import Reading
from agents.reply_language import shared_judge
from agents.turn_taking.backchannel import BackchannelRates
from agents.turn_taking.interruption import InterruptionPolicy, Judged, MinWords
from agents.turn_taking.stranger import Whose
from orchestration.configuration import Configuration
from orchestration.configuration.turn_taking import TurnTakingConfig
from orchestration.gateway.opening import emotion_strength, initiative_options
from orchestration.session.options import ConversationOptions
from orchestration.session.presence import PresenceOptions
from orchestration.session.reply import ReplyLimits
from orchestration.session.session import SessionOptions
from orchestration.session.thinking_visibly import ThinkingOptions


def interruption_policy(options: TurnTakingConfig) -> InterruptionPolicy | None:
    """What decides who goes on when both speak; None: `session.barge_in.min_speech_ms` alone."""
    match options.interruption.policy:
        case "immediate":
            return None
        case "min_words":
            return MinWords(options.interruption.min_words)
        case "judged":
            interruption = options.interruption
            identity = options.identity
            return Judged(
                options.yielding,
                interruption.hold_limit_s,
                hears_claims=interruption.hears_claims,
                whose=Whose(identity.sure, identity.wait_s, identity.insists_s),
            )


def session_options(configuration: Configuration, persona: Persona) -> SessionOptions:
    """What a session with ``persona`` needs to know of the whole system's configuration."""
    session, serving = configuration.session, configuration.serving
    reply = ReplyLimits(
        first_token_timeout=session.first_token_timeout_s,
        language_model_timeout=serving.language_model.timeout_s,
        synthesizer_timeout=serving.synthesizer.timeout_s,
        retries=serving.language_model.retries,
        max_tokens=persona.max_tokens,
        max_sentences=persona.max_sentences,
        apologise=session.fallback == "apology",
        reading=Reading(
            language=persona.language,
            max_words=session.reply_words,
            code=persona.code_shown,
            table=persona.table_shown,
            judge=shared_judge() if session.other_languages == "show" else None,
        ),
    )
    conversation = ConversationOptions(
        reply=reply,
        recognizer_timeout=serving.recognizer.timeout_s,
        recognizer_retries=serving.recognizer.retries,
        partial_every=session.partial_every_s,
        pre_roll=session.pre_roll_s,
        barge_in=session.barge_in.enabled,
        barge_in_after=session.barge_in.min_speech_ms / 1000,
        interruption=interruption_policy(configuration.turn_taking),
        acknowledge_timeout=session.acknowledge_timeout_s,
        draft=session.draft_replies,
        initiative=initiative_options(configuration, persona),
    )
    return SessionOptions(
        conversation=conversation,
        emotion=emotion_strength(configuration, persona),
        max_seconds=session.max_length_min * 60,
        playout_limit=session.playout_limit_s,
        ear_prefill=session.user_prefill_frames,
        ear_backlog=session.user_backlog_frames,
        ear_limit=session.user_ahead_frames,
        presence=_presence(configuration),
    )


def _presence(configuration: Configuration) -> PresenceOptions:
    listening, thinking = configuration.listening, configuration.thinking
    rates = BackchannelRates(
        nods=listening.nods_per_minute,
        sounds=listening.sounds_per_minute,
        after_interruption=listening.after_interruption_s,
    )
    return PresenceOptions(
        listening=rates,
        thinking=ThinkingOptions(thinking.looks_away, thinking.after_s, thinking.filler_after_s),
    )
