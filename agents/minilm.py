"""Sentence embeddings by MiniLM: the mean of BERT's last layer, scaled to unit length."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

from agents.embedder import EmbedderConfig, EmbedderError, FloatArray

BATCH = 16  # texts a model call, so that a question never waits long behind a folder of notes
MAX_WAITING = 256  # calls that may wait
UNUSED = ("pooler.", "embeddings.position_ids")  # weights that the mean doesn't need


class MiniLM:
    """Implements :class:`agents.embedder.Embedder` on a sentence-transformers BERT, from local files only.

    The constructor loads the weights (seconds) in the thread that will run them. Raises ``EmbedderError`` for
    a folder that holds no such model.
    """

    def __init__(self, config: EmbedderConfig) -> None:
        self.config = config
        self._waiting = 0
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="embedder")
        try:
            self._executor.submit(self._load).result()
        except BaseException:
            self._executor.shutdown()
            raise

    def _load(self) -> None:
        from transformers import BertConfig, BertModel  # seconds, so not before one is wanted

        torch.set_num_threads(self.config.threads)  # of this thread
        folder = Path(self.config.model)
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            config = BertConfig.from_json_file(str(folder / "config.json"))
            self._model: torch.nn.Module = BertModel(config, add_pooling_layer=False)
            weights = load_file(folder / "model.safetensors")
            self._model.load_state_dict({k: v for k, v in weights.items() if not k.startswith(UNUSED)})
        except Exception as error:  # tokenizers raises nothing narrower
            raise EmbedderError(
                f"{folder}: no sentence embedder: {error}; give a folder with model.safetensors, "
                "config.json and tokenizer.json"
            ) from error
        self._model.requires_grad_(False).train(False)
        self._tokenizer.enable_truncation(self.config.max_tokens)
        self._tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")
        self.width = self._embed(["width"]).shape[1]

    async def embed(self, texts: Sequence[str]) -> FloatArray:
        """Vectors of unit length, float32 (len(texts), width).

        Raises ``EmbedderError`` when too many calls wait or ``timeout`` passes.
        """
        if self._waiting >= MAX_WAITING:
            raise EmbedderError(f"{self._waiting} calls wait for the embedder; add a replica")
        self._waiting += 1
        loop = asyncio.get_running_loop()
        found = [np.zeros((0, self.width), np.float32)]
        try:
            async with asyncio.timeout(self.config.timeout):
                for first in range(0, len(texts), BATCH):
                    batch = list(texts[first : first + BATCH])
                    found.append(await loop.run_in_executor(self._executor, self._embed, batch))
        except TimeoutError as error:
            raise EmbedderError(
                f"{len(texts)} texts were not embedded within {self.config.timeout:g} s; raise "
                "embedder.timeout or give it more threads"
            ) from error
        finally:
            self._waiting -= 1
        return np.concatenate(found)

    @torch.inference_mode()
    def _embed(self, texts: list[str]) -> FloatArray:
        encoded = self._tokenizer.encode_batch(texts)
        ids = torch.tensor([one.ids for one in encoded])
        mask = torch.tensor([one.attention_mask for one in encoded])
        hidden = self._model(input_ids=ids, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * weight).sum(1) / weight.sum(1).clamp(min=1e-9)
        return np.asarray(torch.nn.functional.normalize(mean, dim=1).numpy(), np.float32)

    def close(self) -> None:
        """End the thread after what is running."""
        self._executor.shutdown(cancel_futures=True)
