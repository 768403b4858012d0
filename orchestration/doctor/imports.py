"""Whether the engines' libraries load, and which GPU they see; tried in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from orchestration.doctor.check import Check, State

MODULES = (
    "torch",
    "torchaudio",
    "TTS.tts.models.vits",
    "whisper",
    "onnxruntime",
    "xllamacpp",
    "av",
    "ray.serve",
)
PROBE = Path(__file__).with_name("import_probe.py")
TIME_LIMIT = 300.0  # seconds; a first import from a slow disk reads more than a gigabyte

FIXES = {
    "torch": "pip install --force-reinstall torch",
    "torchaudio": "torch and torchaudio must match: `pip install -c constraints.txt torch torchaudio`, "
    "and no CPU-only build (+cpu) of torch",
    "TTS.tts.models.vits": "repair torch and torchaudio first, then coqui-tts",
}
PACKAGES = {"whisper": "openai-whisper", "ray.serve": "'ray[serve]'"}


def check_imports(modules: tuple[str, ...] = MODULES) -> tuple[list[Check], dict[str, Any]]:
    """One check a module, and what is known of the GPU (``name``, ``memory`` in bytes; empty without one).

    A library that takes the whole process down is a finding like any other.
    """
    # -P: neither the working folder nor the probe's own may hide a library.
    command = [sys.executable, "-P", str(PROBE), *modules]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT, check=False)
        output, stderr, code = done.stdout, done.stderr, done.returncode
    except subprocess.TimeoutExpired as error:
        raw = error.stdout or b""
        output = raw.decode() if isinstance(raw, bytes) else raw
        stderr, code = f"no answer for {TIME_LIMIT:.0f} s", -1
    reports = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    found = {report["module"]: report for report in reports if "module" in report}
    gpu: dict[str, Any] = next((report["gpu"] for report in reports if "gpu" in report), {})
    checks = []
    for module in modules:
        if module not in found:
            reason = (
                stderr.strip().splitlines()[-1] if stderr.strip() else f"the process died with code {code}"
            )
            checks.append(_failed(module, reason))
            break  # what comes after was not tried
        report = found[module]
        if report["error"]:
            checks.append(_failed(module, report["error"]))
        else:
            detail = f"{report['version']} loads in {report['seconds']:.1f} s".strip()
            checks.append(Check(f"import {module}", State.OK, detail))
    return checks, gpu


def _failed(module: str, reason: str) -> Check:
    package = PACKAGES.get(module, module.partition(".")[0])
    fix = FIXES.get(module, f"pip install --force-reinstall --no-deps {package}")
    return Check(f"import {module}", State.FAILED, reason, fix)
