"""Which kind of voice does a model name mean?"""

from __future__ import annotations

import json
from pathlib import Path

from speech.coqui.config import CoquiConfig
from speech.coqui.errors import VoiceError
from speech.coqui.voice import Voice

_CHECKPOINTS = (".pth", ".pt", ".tar")


def open_voice(config: CoquiConfig) -> Voice:
    """Load the voice that ``config.model`` names. Raises ``VoiceError`` saying what is missing and how to get
    it.

    The kinds are imported when they're needed: Coqui's XTTS alone takes seconds to import.
    """
    from speech.kokoro.files import holds_kokoro  # which imports this package

    model = config.model
    if model.startswith(("tts_models/", "vocoder_models/", "voice_conversion_models/")):
        from speech.coqui.named import fetch

        checkpoint, description, vocoder = fetch(model)
        return _open_checkpoint(checkpoint, description, config, vocoder)
    path = Path(model).expanduser()
    if path.suffix == ".onnx":
        from speech.coqui.onnx_voice import OnnxVoice

        if not path.is_file():
            raise VoiceError(f"the voice {path} doesn't exist; install it or correct the path")
        return OnnxVoice(path, config)
    if holds_kokoro(path):
        from speech.kokoro.voice import KokoroVoice

        return KokoroVoice(path, config)
    if path.is_dir() or path.suffix in _CHECKPOINTS:
        folder = path if path.is_dir() else path.parent
        if not path.exists():
            raise VoiceError(f"the voice {path} doesn't exist; install it or correct the path")
        return _open_checkpoint(path, folder / "config.json", config, None)
    raise VoiceError(
        f"no voice is called {model!r}: give a Coqui name such as tts_models/en/ljspeech/vits, "
        "an .onnx file, a checkpoint or a folder"
    )


def _open_checkpoint(
    checkpoint: Path, description: Path, config: CoquiConfig, vocoder: tuple[Path, Path] | None
) -> Voice:
    try:
        kind = json.loads(description.read_text("utf-8")).get("model", "")
    except FileNotFoundError as error:
        raise VoiceError(f"the voice {checkpoint} needs its {description.name} beside it") from error
    except (ValueError, AttributeError) as error:
        raise VoiceError(f"{description} isn't a Coqui model's description: {error}") from error
    if kind == "xtts":
        from speech.coqui.xtts_voice import XttsVoice

        return XttsVoice(checkpoint if checkpoint.is_dir() else checkpoint.parent, config)
    from speech.coqui.checkpoint_voice import CheckpointVoice

    return CheckpointVoice(checkpoint, description, config, vocoder)
