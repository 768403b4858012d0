"""What the agent can look up: a folder of notes, found by meaning."""
