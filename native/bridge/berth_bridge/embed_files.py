"""Texts and vectors as files: shared memory, where the worker puts them."""

import json
import os

from .documents import commit, temporary_name
from .failures import BridgeError


def read_texts(path: str) -> list[str]:
    """One JSON string a line. @raise BridgeError InvalidRequest"""
    texts: list[str] = []
    try:
        with open(path, encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, 1):
                text = json.loads(line)
                if not isinstance(text, str):
                    raise BridgeError("InvalidRequest", f"{path}: line {number}: expected a JSON string")
                texts.append(text)
    except FileNotFoundError as error:
        raise BridgeError("InvalidRequest", f"{path}: does not exist") from error
    except ValueError as error:
        raise BridgeError("InvalidRequest", f"{path}: line {len(texts) + 1}: not JSON: {error}") from error
    return texts


def write_vectors(path: str, vectors) -> None:
    """Raw float32, little-endian, rows one after the other."""
    temporary = temporary_name(path)
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(vectors.numpy().astype("<f4", copy=False).tobytes())
            file.flush()
            os.fsync(fd)
        commit(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
