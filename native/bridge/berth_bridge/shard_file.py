"""One shard on its way to disk: room reserved first, written at offsets, renamed when whole."""

import os

from .documents import commit, temporary_name


class ShardFile:
    """Use as a context manager; without `finish` nothing is left behind."""

    def __init__(self, path: str, max_bytes: int):
        self._path = path
        self._temporary = temporary_name(path)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._fd = os.open(self._temporary, flags, 0o600)
        self._finished = False
        try:
            # A full file system must be an error now, not a fault in the middle.
            os.posix_fallocate(self._fd, 0, max_bytes)
        except OSError as error:
            self._discard()
            error.filename = path
            raise

    def __enter__(self) -> "ShardFile":
        return self

    def __exit__(self, type_, value, trace) -> None:
        if not self._finished:
            self._discard()

    def write(self, data, offset: int) -> None:
        """Writes bytes, or a flat view of bytes, at an absolute offset."""
        view = memoryview(data)
        while view:
            count = os.pwrite(self._fd, view, offset)
            view = view[count:]
            offset += count

    def finish(self, preamble: bytes, file_bytes: int) -> None:
        self.write(preamble, 0)
        os.ftruncate(self._fd, file_bytes)
        os.fsync(self._fd)
        os.close(self._fd)
        self._finished = True
        try:
            commit(self._temporary, self._path)
        except BaseException:
            os.unlink(self._temporary)
            raise

    def _discard(self) -> None:
        os.close(self._fd)
        os.unlink(self._temporary)
        self._finished = True
