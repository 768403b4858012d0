"""The Ray Serve application, built from one YAML.

``serve run orchestration.app:build config=default`` or the same import path in a Serve config file.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from ray import serve

from orchestration.configuration import Configuration, load_configuration, resolve_models
from orchestration.configuration.serving import DeploymentConfig
from orchestration.serving.avatar import AvatarDeployment
from orchestration.serving.embedder import EmbedderDeployment
from orchestration.serving.gateway import GatewayDeployment
from orchestration.serving.language_model import LanguageModelDeployment
from orchestration.serving.limits import thread_environment
from orchestration.serving.recognizer import RecognizerDeployment
from orchestration.serving.synthesizer import SynthesizerDeployment

SHUTDOWN_SECONDS = 3.0  # for running sessions to end before their process does; Serve's default is 20


class BuildArguments(BaseModel):
    """What ``build`` takes from ``serve run`` or a Serve config file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    config: str = Field(
        default="default", description="packaged configuration by name, or path of a YAML file"
    )


def build(arguments: BuildArguments) -> serve.Application:
    """The application that ``arguments.config`` describes; raises ``ConfigurationError``."""
    return compose(resolve_models(load_configuration(arguments.config)))


def compose(configuration: Configuration) -> serve.Application:
    """Bind the five deployments of a configuration whose models are resolved, and those that stand in."""
    serving = configuration.serving
    gateway = _options(GatewayDeployment, serving.gateway).options(
        # an open WebSocket is one ongoing request
        max_ongoing_requests=configuration.gateway.max_sessions + serving.gateway.max_ongoing_requests,
    )
    application: serve.Application = gateway.bind(
        configuration,
        _options(RecognizerDeployment, serving.recognizer).bind(configuration.recognizer, serving.recognizer),
        _options(LanguageModelDeployment, serving.language_model).bind(
            configuration.language_model, serving.language_model
        ),
        _options(SynthesizerDeployment, serving.synthesizer).bind(
            configuration.synthesizer, serving.synthesizer
        ),
        _options(AvatarDeployment, serving.avatar).bind(configuration.animator, serving.avatar),
        **_embedder(configuration),
        **_fallbacks(configuration),
    )
    return application


def _fallbacks(configuration: Configuration) -> dict[str, Any]:
    """The gateway's argument of that name, left out where no engine has any."""
    deployments: dict[str, Any] = {
        "recognizer": RecognizerDeployment,
        "language_model": LanguageModelDeployment,
        "synthesizer": SynthesizerDeployment,
    }
    fallbacks = {
        role: [
            _options(deployment, limits)
            .options(name=f"{deployment.name}Fallback{index + 1}")
            .bind(config, limits)
            for index, config in enumerate(getattr(configuration, role).fallbacks)
            for limits in (getattr(configuration.serving, role).of_fallback(index),)
        ]
        for role, deployment in deployments.items()
    }
    return {"fallbacks": fallbacks} if any(fallbacks.values()) else {}


def _embedder(configuration: Configuration) -> dict[str, Any]:
    """The gateway's argument of that name, left out where nothing is embedded."""
    if configuration.embedder is None:
        return {}
    limits = configuration.serving.embedder
    return {"embedder": _options(EmbedderDeployment, limits).bind(configuration.embedder, limits)}


def _options(deployment: Any, config: DeploymentConfig) -> Any:
    return deployment.options(
        num_replicas=config.replicas,
        max_ongoing_requests=config.max_ongoing_requests,
        max_queued_requests=config.max_queued_requests,
        graceful_shutdown_timeout_s=SHUTDOWN_SECONDS,
        graceful_shutdown_wait_loop_s=0.5,
        ray_actor_options={
            "num_cpus": config.num_cpus,
            "num_gpus": config.num_gpus,
            "runtime_env": {"env_vars": thread_environment(config)},
        },
    )
