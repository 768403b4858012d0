"""Where traces of turns go."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class TracingConfig(BaseModel):
    """Turns as OpenTelemetry spans; none unless it is switched on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=False, description="Whether turns are traced.")
    otlp_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Collector that takes OTLP over HTTP, such as http://localhost:4318/v1/traces.",
    )
    file: Path | None = Field(
        default=None, description="File that spans are added to, one JSON object a line."
    )
    service: str = Field(
        default="visavis", min_length=1, max_length=100, description="Name of this service in the traces."
    )

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if self.enabled and self.otlp_endpoint is None and self.file is None:
            raise ValueError("is enabled but goes nowhere: give `otlp_endpoint` or `file`")
        return self
