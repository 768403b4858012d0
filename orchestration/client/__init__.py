"""A client of the gateway, as any program could write one from docs/protocol.md."""
