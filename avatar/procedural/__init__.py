"""The procedural animator: a face driven by rules from speech science, the baseline that every model must
beat.
"""
