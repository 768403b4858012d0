"""A program of its own: imports each module named as an argument and prints one JSON object a line.

The last line tells the GPU that torch sees. It imports nothing of ours, and is run by its path.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any

# Broken builds fail in these ways: absent files, unresolved symbols, mismatched versions.
BROKEN = (ImportError, OSError, RuntimeError, AttributeError, TypeError, ValueError)


def try_import(module: str) -> dict[str, Any]:
    """Import ``module``: its version, the seconds that took, and the first line of the error or nothing."""
    start = time.perf_counter()
    error = ""
    try:
        importlib.import_module(module)
    except BROKEN as failure:
        lines = str(failure).strip().splitlines() or [""]
        error = f"{type(failure).__name__}: {lines[0]}"
    root = sys.modules.get(module.partition(".")[0])
    version = str(getattr(root, "__version__", ""))
    return {"module": module, "error": error, "version": version, "seconds": time.perf_counter() - start}


def gpu() -> dict[str, Any]:
    """The first GPU's name and memory in bytes, and how many there are; empty without torch or a GPU."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return {}
    properties = torch.cuda.get_device_properties(0)
    return {"name": properties.name, "memory": properties.total_memory, "count": torch.cuda.device_count()}


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(json.dumps(try_import(argument)), flush=True)
    print(json.dumps({"gpu": gpu()}), flush=True)
