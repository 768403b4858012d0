"""Keeps a model's process in its place, so that the metronome never starves."""

from __future__ import annotations

import logging
import os

from orchestration.configuration.serving import DeploymentConfig

log = logging.getLogger(__name__)

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def thread_environment(config: DeploymentConfig) -> dict[str, str]:
    """Environment variables that bound the threads of numeric libraries, if set before their import."""
    return {name: str(config.threads) for name in _THREAD_VARIABLES}


def step_back(config: DeploymentConfig) -> None:
    """Lower this process's priority by ``config.nice``."""
    if config.nice:
        log.info("niceness of this process is now %d", os.nice(config.nice))
