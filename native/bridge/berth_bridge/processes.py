"""Tells which processes use a GPU's memory, for as long as it is asked: `python -m berth_bridge.processes`.

One JSON document a line: `{"id": 1, "uuid": "GPU-…"}` on stdin, on stdout
`{"id": 1, "processes": [{"pid": 42, "bytes": 1048576}]}`, bytes null where the driver does not tell,
or `{"id": 1, "error": "…"}`. Asks NVML through nvidia-ml-py, without torch.
"""

import argparse
import json
import sys

from .process import die_with_parent


def processes(nvml, uuid: str) -> list[dict]:
    """Compute processes, those under MPS included; one that is listed twice counts once."""
    handle = nvml.nvmlDeviceGetHandleByUUID(uuid.encode())
    found: dict[int, int | None] = {}
    for ask in (nvml.nvmlDeviceGetComputeRunningProcesses, nvml.nvmlDeviceGetMPSComputeRunningProcesses):
        for process in _list(nvml, ask, handle):
            before = found.get(process.pid)
            used = process.usedGpuMemory
            found[process.pid] = used if before is None else max(before, used or 0)
    return [{"pid": pid, "bytes": used} for pid, used in sorted(found.items())]


def _list(nvml, ask, handle) -> list:
    try:
        return ask(handle)
    except (nvml.NVMLError_NotSupported, nvml.NVMLError_FunctionNotFound):
        # Drivers before Volta's MPS have no list of MPS clients.
        return []


def answer(nvml, request: dict) -> dict:
    try:
        return {"id": request["id"], "processes": processes(nvml, request["uuid"])}
    except nvml.NVMLError as error:
        return {"id": request["id"], "error": str(error)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="berth_bridge.processes")
    parser.add_argument("--parent", type=int)
    die_with_parent(parser.parse_args().parent)
    import pynvml

    pynvml.nvmlInit()
    for line in sys.stdin:
        print(json.dumps(answer(pynvml, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
