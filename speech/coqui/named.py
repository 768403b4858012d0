"""Coqui's own models by name, with the library's own download."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from requests import RequestException
from TTS.api import TTS

from speech.coqui.errors import VoiceError


def fetch(model: str) -> tuple[Path, Path, tuple[Path, Path] | None]:
    """Checkpoint (a file or a folder), description, and vocoder with its description if the model needs one.

    Downloads what isn't there yet. Raises ``VoiceError`` when the name is unknown, the machine is offline, or
    the model's licence has to be agreed to first.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        library = TTS(progress_bar=False)
    manager = library.manager
    if model not in manager.list_tts_models() and "fairseq" not in model:
        raise VoiceError(f"Coqui has no speech model {model!r}; `tts --list_models` prints the names")
    item, full_name, _ = manager._set_model_item(model)
    folder = Path(manager.output_prefix) / full_name
    if not folder.is_dir() and not manager.tos_agreed(item, folder):
        raise VoiceError(
            f"{model} asks for agreement to its licence ({item.get('license', 'see its page')}): "
            "read https://tts-hub.github.io/cpml and set COQUI_TOS_AGREED=1"
        )
    try:
        checkpoint, description, vocoder, vocoder_description = library.download_model_by_name(model)
    except (
        RequestException,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        ConnectionError,
        TimeoutError,
    ) as error:
        raise VoiceError(
            f"{model} isn't on this machine and can't be downloaded ({type(error).__name__}): "
            f"go online once, or copy it to {folder}"
        ) from error
    if checkpoint is None:
        raise VoiceError(f"the download of {model} in {folder} holds no checkpoint; delete that folder")
    description = Path(description) if description else Path(checkpoint) / "config.json"
    pair = (Path(vocoder), Path(vocoder_description)) if vocoder and vocoder_description else None
    return Path(checkpoint), description, pair
