"""Threads that chunks run on, one chunk a thread: cheaper than splitting each small op among all."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache


class Pool:
    """Kept for the life of the process: a thread that cannot start for want of memory hangs Python
    (threading.Thread.start waits for it)."""

    def __init__(self, torch, threads: int):
        self._executor = ThreadPoolExecutor(
            threads, thread_name_prefix="chunk", initializer=lambda: torch.set_num_threads(1)
        )

    def map(self, function, items):
        """Yields results in order; after a failure nothing new begins, and what runs has ended."""
        futures = [self._executor.submit(function, item) for item in items]
        try:
            for future in futures:
                yield future.result()
        finally:
            for future in futures:
                if not future.cancel():
                    future.exception()


@cache
def shared_pool(torch, threads: int) -> Pool:
    return Pool(torch, threads)
