"""The part of a fake NVML that lists processes, from what fake clients and servers hold."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from fake_gpu import running_processes  # noqa: E402

# As drivers that list processes, but not what they use.
SILENT = "FAKE_NVML_SILENT" in os.environ


class NVMLError(Exception):
    pass


class NVMLError_NotSupported(NVMLError):
    pass


class NVMLError_FunctionNotFound(NVMLError):
    pass


def nvmlInit():
    pass


def nvmlDeviceGetHandleByUUID(uuid):
    name = uuid.decode()
    if not name.startswith("GPU-"):
        raise NVMLError("Not Found")
    return name


def nvmlDeviceGetComputeRunningProcesses(handle):
    return [
        SimpleNamespace(pid=pid, usedGpuMemory=None if SILENT else used)
        for pid, used in running_processes(handle).items()
    ]


def nvmlDeviceGetMPSComputeRunningProcesses(handle):
    return nvmlDeviceGetComputeRunningProcesses(handle)
