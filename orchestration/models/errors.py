"""What can go wrong with a model; every message is one line that names the fix."""

from __future__ import annotations


class ModelError(RuntimeError):
    """A model can't be used; ``name`` is its name, ``fix`` the command or change that helps."""

    def __init__(self, name: str, reason: str, fix: str) -> None:
        self.name = name
        self.reason = reason
        self.fix = fix
        super().__init__(f"model {name}: {reason}; fix: {fix}")

    def __reduce__(self) -> tuple[type[ModelError], tuple[str, str, str]]:
        return type(self), (self.name, self.reason, self.fix)  # so that it can come from another process


class MissingModel(ModelError):
    """A model is not on this machine."""


class CorruptModel(ModelError):
    """A model's file is not the one that the registry describes."""


class InstallError(ModelError):
    """A model could not be fetched."""
