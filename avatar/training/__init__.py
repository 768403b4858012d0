"""Training of animators: corpora, data sets, losses, loops."""
