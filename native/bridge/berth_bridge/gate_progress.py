"""Counters for the gate's long steps, taken from inside transformers and torch."""

from contextlib import contextmanager


@contextmanager
def loading_progress(progress):
    """Counts tensors as transformers loads them, through the hook of its progress bars."""
    from transformers.utils.logging import set_tqdm_hook

    def hook(factory, args, kwargs):
        items = args[0] if args else kwargs.get("iterable")
        return factory(*args, **kwargs) if items is None else _Counted(items, progress)

    previous = set_tqdm_hook(hook)
    try:
        yield
    finally:
        set_tqdm_hook(previous)


@contextmanager
def running_progress(progress, models: list, batches: int):
    """Counts innermost modules as they end, each once a batch."""
    innermost = [module for model in models for module in innermost_modules(model)]
    progress.expect_more(len(innermost) * batches)
    hooks = [module.register_forward_hook(lambda *_: progress.add(1)) for module in innermost]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def innermost_modules(model) -> list:
    return [module for module in model.modules() if not any(module.children())]


class _Counted:
    """What a loop over a progress bar needs of it."""

    def __init__(self, items, progress):
        self._items = items
        self._progress = progress

    def __iter__(self):
        for item in self._items:
            yield item
            self._progress.add(1)

    def __enter__(self):
        return self

    def __exit__(self, type_, value, trace):
        return None
