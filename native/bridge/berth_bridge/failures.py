"""Failures as the device worker knows them (workflows/contracts/errors.ts)."""

import errno


class BridgeError(Exception):
    """A failure with one of the contract's type names and a message of one line."""

    def __init__(self, type_: str, message: str):
        super().__init__(message)
        self.type = type_


def describe(error: BaseException) -> tuple[str, str]:
    """Type and one-line message of any exception that a method ended with."""
    if isinstance(error, BridgeError):
        return error.type, one_line(str(error))
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "OutOfSpace", f"{_place(error)}: no space left on its file system; free some and retry"
    if is_memory(error):
        return "BridgeFailed", f"the bridge is out of memory: {one_line(str(error)) or 'no detail'}"
    return "BridgeFailed", f"{type(error).__name__}: {one_line(str(error))}"


def is_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    # torch raises a RuntimeError of its own for the CPU, and OutOfMemoryError for a GPU.
    return type(error).__name__ == "OutOfMemoryError" or "DefaultCPUAllocator" in str(error)


def _place(error: OSError) -> str:
    return str(error.filename or "the output")


def one_line(text: str) -> str:
    return " ".join(text.split())[:500]
