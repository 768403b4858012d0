"""What can go wrong with telling voices apart."""


class SpeakerError(ValueError):
    """The model of voices is missing, or its input is no sound; the message names the remedy."""
