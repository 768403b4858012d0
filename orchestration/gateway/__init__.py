"""The door: accepts WebSocket clients, runs a session for each, enforces limits."""
