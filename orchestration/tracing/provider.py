"""Opens the way that spans take out of the process."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from orchestration.configuration.tracing import TracingConfig
from orchestration.session.timeline import Sink

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

log = logging.getLogger(__name__)

EXPORT_EVERY: Final = 1_000  # milliseconds
EXPORT_TIMEOUT: Final = 2  # seconds, of one batch of up to 512 spans
WAITING: Final = 2_048  # spans that may wait for a slow collector; further ones are dropped, and logged


class TracingError(RuntimeError):
    """Traces can't go where they should; the message names the place and the remedy."""


class Traces:
    """Traces the turns of a process's sessions where the configuration wants that.

    Spans are exported by a thread of their own, and what waits is written when the process ends. Raises
    ``TracingError`` when the file can't be written to.
    """

    def __init__(self, config: TracingConfig) -> None:
        self._provider = _open(config) if config.enabled else None

    def tap(self, sink: Sink, session: str) -> Sink:
        """``sink``, with the turns of ``session`` traced on the way."""
        if self._provider is None:
            return sink
        from orchestration.tracing.spans import TracedTurns

        return TracedTurns(sink, session, self._provider.get_tracer("visavis"))

    def close(self) -> None:
        """Export what waits; blocks for up to ``EXPORT_TIMEOUT`` a batch."""
        if self._provider is not None:
            self._provider.shutdown()


def _open(config: TracingConfig) -> TracerProvider:
    # imported only where traces are wanted: it takes a third of a second
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter

    exporters: list[SpanExporter] = []
    if config.otlp_endpoint is not None:
        exporters.append(OTLPSpanExporter(endpoint=config.otlp_endpoint, timeout=EXPORT_TIMEOUT))
    if config.file is not None:
        try:
            config.file.parent.mkdir(parents=True, exist_ok=True)
            lines = config.file.open("a", encoding="utf-8")
        except OSError as error:
            raise TracingError(
                f"traces can't be written to {config.file}: {(error.strerror or str(error)).lower()}; "
                "name another file in `tracing.file`"
            ) from error
        exporters.append(
            ConsoleSpanExporter(out=lines, formatter=lambda span: f"{span.to_json(indent=None)}\n")
        )
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: config.service}))
    for exporter in exporters:
        provider.add_span_processor(
            BatchSpanProcessor(exporter, max_queue_size=WAITING, schedule_delay_millis=EXPORT_EVERY)
        )
    log.info("turns are traced to %s", config.otlp_endpoint or config.file)
    return provider
