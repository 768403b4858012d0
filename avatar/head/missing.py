"""The one thing that can be wrong with a head that this project ships."""


class HeadMissing(RuntimeError):
    """The heads' data isn't installed, or there is no such head; the message has the remedy."""
