"""Newline-delimited JSON over descriptors that nothing else in the process can write to.

Requests `{id, method, params}`; answers `{id, progress: {bytes, totalBytes}}` any number of times,
then `{id, result}` or `{id, error: {type, message}}`.
"""

import json
import os
import queue
import sys
import threading
import time
import traceback
from typing import Any, Iterator

from .failures import describe

# Ten counters a second are enough for a progress bar, and cost nothing.
PROGRESS_INTERVAL_SECONDS = 0.1


class Channel:
    def __init__(self, reader: int, writer: int):
        self._reader = os.fdopen(reader, "rb")
        self._writer = writer
        self._lock = threading.Lock()
        self._requests: queue.Queue[dict] = queue.Queue()

    @classmethod
    def take_over(cls) -> "Channel":
        """Keeps the pipes of stdin and stdout for the protocol; what prints, prints to stderr."""
        reader, writer = os.dup(0), os.dup(1)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        return cls(reader, writer)

    def start(self) -> None:
        """Reads in a thread, so that the end of the pipe ends the process amid any call."""
        threading.Thread(target=self._read, name="channel", daemon=True).start()

    def _read(self) -> None:
        try:
            for line in self._reader:
                self._requests.put(json.loads(line))
            os._exit(0)
        except BaseException:
            # Deaf, it would look like a hang.
            traceback.print_exc()
            os._exit(1)

    def requests(self) -> Iterator[dict]:
        while True:
            yield self._requests.get()

    def send(self, message: dict) -> None:
        line = json.dumps(message, allow_nan=False).encode() + b"\n"
        with self._lock:
            while line:
                line = line[os.write(self._writer, line) :]

    def fail(self, id_: Any, error: BaseException) -> None:
        type_, message = describe(error)
        self.send({"id": id_, "error": {"type": type_, "message": message}})

    def progress(self, id_: Any) -> "Progress":
        return Progress(lambda counter: self.send({"id": id_, "progress": counter}))


class Progress:
    """Counts work done; a counter that stands still is how the worker knows a hang."""

    def __init__(self, send):
        self._send = send
        self._lock = threading.Lock()
        self._done = 0
        self._total = 0
        self._sent_at = 0.0

    def expect(self, total: int) -> None:
        self._total = total
        self._emit()

    def expect_more(self, amount: int) -> None:
        self.expect(self._total + amount)

    def add(self, amount: int) -> None:
        with self._lock:
            self._done += amount
            due = time.monotonic() - self._sent_at >= PROGRESS_INTERVAL_SECONDS
            if due or self._done >= self._total:
                self._emit()

    def finish(self) -> None:
        """All that was expected is done; what was counted on the way may have been an estimate."""
        with self._lock:
            self._done = max(self._done, self._total)
            self._emit()

    def _emit(self) -> None:
        self._sent_at = time.monotonic()
        self._send({"bytes": self._done, "totalBytes": max(self._total, self._done)})
