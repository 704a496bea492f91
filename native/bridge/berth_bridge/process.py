"""What a bridge makes of its own process before anything heavy is imported."""

import ctypes
import logging
import os
import signal
import sys
from importlib.metadata import PackageNotFoundError, version

PR_SET_PDEATHSIG = 1  # prctl(2)

# Nothing is fetched, reported or executed from a model's repository.
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "TOKENIZERS_PARALLELISM": "false",
    # Compiling at run time would start compilers and worker processes.
    "TORCHDYNAMO_DISABLE": "1",
}

PACKAGES = ("torch", "bitsandbytes", "transformers", "accelerate", "safetensors")


def die_with_parent(parent: int | None) -> None:
    """SIGKILL when the worker dies, even in the middle of a native call."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    # The worker may have died before prctl took effect.
    if parent is not None and os.getppid() != parent:
        sys.exit("the worker that started this bridge is gone")


def pin_environment(threads: int) -> None:
    """Thread pools read these once, when their library is loaded."""
    os.environ.update(OFFLINE)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)
    # It warns anew in every layer of every batch.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)


def pinned_torch(threads: int):
    """torch with exactly `threads` threads: from 2,097,152 elements on, bitsandbytes' offset of a
    double quantization is a mean whose rounding depends on how many threads summed it."""
    import torch

    torch.set_num_threads(threads)
    torch.compile = _uncompiled
    return torch


def _uncompiled(model=None, **options):
    """Stands in for torch.compile: bitsandbytes decorates its operators with it when imported, which
    imports Dynamo and Inductor, and that takes longer than many a shard. transformers' eager results
    are the reference, TORCHDYNAMO_DISABLE has everything run eagerly as it is, and a bridge lives
    for too few calls to win back what a compilation costs."""
    return model if model is not None else lambda function: function


def compute_device(torch) -> str:
    """The one GPU that the worker is bound to, else the CPU."""
    bound = os.environ.get("CUDA_VISIBLE_DEVICES", "") != ""
    return "cuda:0" if bound and torch.cuda.is_available() else "cpu"


def versions() -> dict[str, str]:
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def hello(threads: int) -> dict:
    return {
        "versions": versions(),
        "threads": threads,
        "affinity": sorted(os.sched_getaffinity(0)),
        "pid": os.getpid(),
        "cudaVisibleDevices": os.environ.get("CUDA_VISIBLE_DEVICES"),
    }
