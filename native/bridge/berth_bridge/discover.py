"""Lists NVIDIA GPUs and MIG instances as one line of JSON: `python -m berth_bridge.discover`.

Asks NVML through nvidia-ml-py, without torch. No driver or no library: no devices.
"""

import json
import re

from .gpu_links import fabric, links_by_uuid
from .nvml_asking import ask, text


def discover(nvml) -> dict:
    """@return {devices: [...]}; a MIG instance has no links, nor has its GPU, which is not listed"""
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return {"devices": []}
    try:
        handles = [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]
        instances = [_mig_instances(nvml, handle) for handle in handles]
        whole = [handle for handle, parts in zip(handles, instances) if parts is None]
        links = links_by_uuid(nvml, whole)
        devices = []
        for index, (handle, parts) in enumerate(zip(handles, instances)):
            gpu = _describe(nvml, index, handle)
            # A GPU in MIG mode cannot be used whole, even when it has no instance.
            if parts is None:
                devices.append({**gpu, "links": links[gpu["uuid"]], "fabric": fabric(nvml, handle)})
            else:
                devices += [{**gpu, **part} for part in parts]
        return {"devices": devices}
    finally:
        nvml.nvmlShutdown()


def _describe(nvml, index: int, handle) -> dict:
    pci = nvml.nvmlDeviceGetPciInfo(handle)
    capability = ask(nvml, nvml.nvmlDeviceGetCudaComputeCapability, handle)
    return {
        "index": index,
        "uuid": text(nvml.nvmlDeviceGetUUID(handle)),
        "parentUuid": None,
        "migProfile": None,
        "name": text(nvml.nvmlDeviceGetName(handle)),
        "pciBusId": text(pci.busId),
        "numaNode": ask(nvml, nvml.nvmlDeviceGetNumaNodeId, handle),
        "computeCapability": None if capability is None else list(capability),
        **_memory(nvml, handle),
        "utilization": _utilization(nvml, handle),
        "links": {},
        "fabric": None,
    }


def _memory(nvml, handle) -> dict:
    memory = ask(nvml, nvml.nvmlDeviceGetMemoryInfo, handle)
    if memory is None:  # A GPU that shares the host's memory has none of its own to tell.
        return {"memoryBytes": 0, "memoryUsedBytes": 0}
    return {"memoryBytes": memory.total, "memoryUsedBytes": memory.used}


def _utilization(nvml, handle) -> float | None:
    rates = ask(nvml, nvml.nvmlDeviceGetUtilizationRates, handle)
    return None if rates is None else rates.gpu / 100


def _mig_instances(nvml, handle) -> list[dict] | None:
    """None for a GPU that is not in MIG mode."""
    mode = ask(nvml, nvml.nvmlDeviceGetMigMode, handle)
    if mode is None or mode[0] != nvml.NVML_DEVICE_MIG_ENABLE:
        return None
    found = []
    for index in range(nvml.nvmlDeviceGetMaxMigDeviceCount(handle)):
        instance = ask(nvml, nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, index)
        if instance is not None:
            name = text(nvml.nvmlDeviceGetName(instance))
            profile = re.search(r"MIG (\S+)$", name)
            found.append(
                {
                    "uuid": text(nvml.nvmlDeviceGetUUID(instance)),
                    "parentUuid": text(nvml.nvmlDeviceGetUUID(handle)),
                    "migProfile": None if profile is None else profile.group(1),
                    "name": name,
                    **_memory(nvml, instance),
                    "utilization": None,
                }
            )
    return found


def main() -> None:
    try:
        import pynvml
    except ImportError:
        print(json.dumps({"devices": []}))
        return
    print(json.dumps(discover(pynvml)))


if __name__ == "__main__":
    main()
