"""Starts and stops the application on Ray: one of its own, or one that runs already."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from orchestration.configuration import Configuration
from orchestration.doctor.check import State
from orchestration.doctor.machine import check_port
from orchestration.gateway.api import HEALTH_PATH, SESSION_PATH

APPLICATION = "visavis"
OBJECT_STORE_BYTES = 150 * 2**20  # frames and sentences are small; Ray's default is a third of the memory


class ServingError(RuntimeError):
    """The application could not be started; the message says why and what to do."""


def session_url(configuration: Configuration) -> str:
    """Where clients connect, as seen from this machine."""
    return f"ws://{_reachable(configuration.gateway.host)}:{configuration.gateway.port}{SESSION_PATH}"


def page_url(configuration: Configuration) -> str:
    """Where a browser finds the page, as seen from this machine."""
    return f"http://{_reachable(configuration.gateway.host)}:{configuration.gateway.port}"


def health_url(configuration: Configuration) -> str:
    """Where the gateway says how it is."""
    return f"{page_url(configuration)}{HEALTH_PATH}"


@contextmanager
def application(configuration: Configuration, ray_address: str | None = None) -> Iterator[None]:
    """The application of a configuration whose models are resolved, up and ready, until the block ends.

    Without ``ray_address`` a Ray of its own is started, and stopped afterwards. Raises ``ServingError``, also
    for a port that is taken: Ray would share it, and callers be answered by one server or the other.
    """
    gateway = configuration.gateway
    if ray_address is None:
        port = check_port(gateway.host, gateway.port)
        if port.state is not State.OK:
            raise ServingError(f"{port.detail}; {port.fix}")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_SERVE_LOG_TO_STDERR", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    # Ray's default of 15 puts the metronome behind a browser on the same machine: serving.*.nice decides.
    os.environ.setdefault("RAY_worker_niceness", "0")
    import ray
    from ray import serve
    from ray.exceptions import RayError

    from orchestration.app import compose

    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    try:
        if ray_address is None:
            ray.init(
                address="local",
                namespace=APPLICATION,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                object_store_memory=OBJECT_STORE_BYTES,
            )
        else:
            ray.init(address=ray_address, namespace=APPLICATION, log_to_driver=False)
        logging_config = {"log_level": "WARNING", "enable_access_log": False}
        serve.start(http_options={"host": gateway.host, "port": gateway.port}, logging_config=logging_config)
        serve.run(compose(configuration), name=APPLICATION, route_prefix="/", logging_config=logging_config)
    except (RayError, RuntimeError, ConnectionError, OSError) as error:
        ray.shutdown()
        raise ServingError(f"the application did not start: {_first_line(error)}") from error
    try:
        yield
    finally:
        serve.delete(APPLICATION)
        ray.shutdown()


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
