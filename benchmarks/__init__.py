"""Measurements of every part; each writes out/bench/NAME.json."""
