"""Each turn as OpenTelemetry spans, for whoever keeps watch over many conversations."""
