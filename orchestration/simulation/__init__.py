"""Conversations without models and without waiting: scripted engines on virtual time."""
