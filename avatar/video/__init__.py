"""Offline pictures and video of a head, drawn in software where there is no GPU and no display."""
