"""Where a model runs."""

from __future__ import annotations

import torch


class DeviceError(ValueError):
    """A device that isn't there."""


def device_named(name: str) -> torch.device:
    """torch's device of this name, ``auto`` being a GPU where there is one.

    Raises ``DeviceError`` where torch doesn't know the name or sees no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # what torch raises for these
        raise DeviceError(
            f"device {name!r} can't be used ({str(error).splitlines()[0]}); `nvidia-smi` shows whether there "
            "is a GPU, and device: cpu goes everywhere"
        ) from error
    return device
