"""Conversations written down as YAML, held against a system, and judged."""
