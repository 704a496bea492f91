"""The model that embeds: loaded once, kept between calls of a bridge."""

import os
from dataclasses import dataclass
from inspect import signature
from typing import Any

from .failures import BridgeError
from .gate_inputs import load_tokenizer
from .gate_models import load_model
from .gate_progress import loading_progress


@dataclass(frozen=True)
class EmbeddingModel:
    folder: str
    # Of config.json on disk, so that a copy made anew under the same name is loaded anew.
    identity: tuple
    device: str
    # What gives last_hidden_state.
    base: Any
    tokenizer: Any
    dimensions: int
    pad_id: int
    # Of its forward pass.
    options: dict


_kept: EmbeddingModel | None = None


def keep_model(torch, folder: str, device: str, progress) -> EmbeddingModel:
    """@raise BridgeError InvalidModel, UnsupportedModel, InvalidRequest"""
    global _kept
    identity = _identity(folder)
    if _kept is not None and (_kept.folder, _kept.identity, _kept.device) == (folder, identity, device):
        return _kept
    # Two models at once may not fit.
    _kept = None
    if device != "cpu":
        torch.cuda.empty_cache()
    with loading_progress(progress):
        _kept = _load(folder, identity, device)
    return _kept


def _identity(folder: str) -> tuple:
    try:
        status = os.stat(os.path.join(folder, "config.json"))
    except OSError as error:
        raise BridgeError(
            "InvalidRequest", f"{folder}: is no warm copy of a model: no config.json can be read there"
        ) from error
    return (status.st_dev, status.st_ino, status.st_mtime_ns)


def _load(folder: str, identity: tuple, device: str) -> EmbeddingModel:
    tokenizer = load_tokenizer(folder)
    model = load_model(folder, device, folder, may_lack=("pooler.",))
    # The encoder of a language model: its head would only cost time and memory.
    base = getattr(model, model.base_model_prefix, model)
    if not hasattr(base.config, "hidden_size"):
        raise BridgeError("UnsupportedModel", f"{folder}: config.json has no hidden_size, so it gives no vectors")
    return EmbeddingModel(
        folder=folder,
        identity=identity,
        device=device,
        base=base,
        tokenizer=tokenizer,
        dimensions=int(base.config.hidden_size),
        pad_id=tokenizer.pad_token_id or 0,
        # Keys and values of a text that nothing is appended to.
        options={"use_cache": False} if "use_cache" in signature(base.forward).parameters else {},
    )
