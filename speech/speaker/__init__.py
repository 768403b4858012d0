"""Whose voice is it: a stretch of speech becomes a direction, and those of one person lie close together."""
