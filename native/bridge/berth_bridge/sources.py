"""Source files, read with pread and checked to be the ones that were inspected."""

import errno
import os

from .failures import BridgeError


class SourceFile:
    """An inspected file, open for reading. A mapping would turn its truncation into SIGBUS."""

    def __init__(self, record: dict):
        self.path = record["path"]
        self._real_path = record["realPath"]
        self._identity = record["identity"]
        try:
            self._fd = os.open(self._real_path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise self._changed(error.strerror or "cannot be opened") from error
        try:
            self.check()
        except BaseException:
            self.close()
            raise

    def read_into(self, view: memoryview, offset: int) -> None:
        """Fills `view` from the absolute offset; a short read is a file that shrank."""
        done = 0
        while done < len(view):
            try:
                count = os.preadv(self._fd, [view[done:]], offset + done)
            except OSError as error:
                if error.errno in (errno.ENOMEM, errno.EINTR):
                    raise
                raise self._changed(f"cannot be read: {error.strerror}") from error
            if count == 0:
                raise self._changed(f"ends at byte {offset + done}, more was expected")
            done += count

    def check(self) -> None:
        """The descriptor and the path are still the inspected file, unaltered."""
        try:
            at_path = os.stat(self._real_path)
        except OSError as error:
            raise self._changed(error.strerror or "is gone") from error
        for stat in (os.fstat(self._fd), at_path):
            if _identity(stat) != self._identity:
                raise self._changed("is not the file that was inspected")

    def close(self) -> None:
        os.close(self._fd)

    def _changed(self, what: str) -> BridgeError:
        return BridgeError(
            "SourceChanged", f"{self.path}: {what}; leave the source alone and ingest it again"
        )


def _identity(stat: os.stat_result) -> dict:
    return {
        "dev": str(stat.st_dev),
        "ino": str(stat.st_ino),
        "size": stat.st_size,
        "mtimeNs": str(stat.st_mtime_ns),
        "ctimeNs": str(stat.st_ctime_ns),
    }


class Sources:
    """The files of an inspection, opened when first read."""

    def __init__(self, inspection: dict):
        self._records = {record["path"]: record for record in inspection["files"]}
        self._open: dict[str, SourceFile] = {}

    def __enter__(self) -> "Sources":
        return self

    def __exit__(self, type_, value, trace) -> None:
        for file in self._open.values():
            file.close()

    def file(self, path: str) -> SourceFile:
        if path not in self._open:
            self._open[path] = SourceFile(self._records[path])
        return self._open[path]

    def check(self) -> None:
        """@raise SourceChanged when a file that was read is another one by now."""
        for file in self._open.values():
            file.check()
