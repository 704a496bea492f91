"""JSON documents shared with the worker: read whole, written to a temporary name and renamed."""

import json
import os
import secrets
from typing import Any

from .failures import BridgeError


def read_json(path: str) -> Any:
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError as error:
        raise BridgeError("InvalidRequest", f"{path}: does not exist") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BridgeError("InvalidModel", f"{path}: not JSON: {error}") from error


def write_json(path: str, value: Any, indent: int | None = None) -> None:
    # Python's json, so that 1.0 stays a float: strict readers refuse an int in its place.
    write_text(path, json.dumps(value, indent=indent, ensure_ascii=False) + "\n")


def write_text(path: str, text: str) -> None:
    temporary = temporary_name(path)
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(fd)
        commit(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def temporary_name(path: str) -> str:
    """As activities/platform/atomicFile.ts names them."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.{secrets.token_hex(6)}.partial")


def commit(temporary: str, path: str) -> None:
    os.rename(temporary, path)
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
