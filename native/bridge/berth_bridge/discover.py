"""Lists NVIDIA GPUs and MIG instances as one line of JSON: `python -m berth_bridge.discover`.

Asks NVML through nvidia-ml-py, without torch. No driver or no library: no devices.
"""

import json



def discover(nvml) -> dict:
    """@return {devices: [...], links: [...]}; NVLinks count how many join two of the GPUs"""
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return {"devices": [], "links": []}
    try:
        handles = [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]
        devices = []
        for index, handle in enumerate(handles):
            gpu = _describe(nvml, index, handle)
            instances = _mig_instances(nvml, handle)
            # A GPU in MIG mode cannot be used whole, even when it has no instance.
            devices += [gpu] if instances is None else [{**gpu, **part} for part in instances]
        return {"devices": devices, "links": _links(nvml, handles)}
    finally:
        nvml.nvmlShutdown()


def _describe(nvml, index: int, handle) -> dict:
    pci = nvml.nvmlDeviceGetPciInfo(handle)
    return {
        "index": index,
        "uuid": _text(nvml.nvmlDeviceGetUUID(handle)),
        "parentUuid": None,
        "name": _text(nvml.nvmlDeviceGetName(handle)),
        "pciBusId": _text(pci.busId),
        "numaNode": _ask(nvml, nvml.nvmlDeviceGetNumaNodeId, handle),
        **_memory(nvml, handle),
        "utilization": _utilization(nvml, handle),
    }


def _memory(nvml, handle) -> dict:
    memory = _ask(nvml, nvml.nvmlDeviceGetMemoryInfo, handle)
    if memory is None:  # A GPU that shares the host's memory has none of its own to tell.
        return {"memoryBytes": 0, "memoryUsedBytes": 0}
    return {"memoryBytes": memory.total, "memoryUsedBytes": memory.used}


def _utilization(nvml, handle) -> float | None:
    rates = _ask(nvml, nvml.nvmlDeviceGetUtilizationRates, handle)
    return None if rates is None else rates.gpu / 100


def _mig_instances(nvml, handle) -> list[dict] | None:
    """None for a GPU that is not in MIG mode."""
    mode = _ask(nvml, nvml.nvmlDeviceGetMigMode, handle)
    if mode is None or mode[0] != nvml.NVML_DEVICE_MIG_ENABLE:
        return None
    found = []
    for index in range(nvml.nvmlDeviceGetMaxMigDeviceCount(handle)):
        instance = _ask(nvml, nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, index)
        if instance is not None:
            found.append(
                {
                    "uuid": _text(nvml.nvmlDeviceGetUUID(instance)),
                    "parentUuid": _text(nvml.nvmlDeviceGetUUID(handle)),
                    "name": _text(nvml.nvmlDeviceGetName(instance)),
                    **_memory(nvml, instance),
                    "utilization": None,
                }
            )
    return found


def _links(nvml, handles: list) -> list[dict]:
    """Active NVLinks between two of the GPUs, each pair once, counted from the lower index."""
    by_bus = {_text(nvml.nvmlDeviceGetPciInfo(h).busId).lower(): i for i, h in enumerate(handles)}
    counts: dict[tuple[int, int], int] = {}
    for index, handle in enumerate(handles):
        for link in range(nvml.NVML_NVLINK_MAX_LINKS):
            if _ask(nvml, nvml.nvmlDeviceGetNvLinkState, handle, link) != nvml.NVML_FEATURE_ENABLED:
                continue
            remote = _ask(nvml, nvml.nvmlDeviceGetNvLinkRemotePciInfo, handle, link)
            peer = None if remote is None else by_bus.get(_text(remote.busId).lower())
            if peer is not None and index < peer:
                counts[index, peer] = counts.get((index, peer), 0) + 1
    linked = [
        {"a": a, "b": b, "kind": "nvlink", "count": count} for (a, b), count in sorted(counts.items())
    ]
    return linked + _switched(nvml, handles, counts)


def _switched(nvml, handles: list, counts: dict) -> list[dict]:
    """Pairs joined through an NVSwitch: their links end at the switch, only peer access tells."""
    found = []
    for a in range(len(handles)):
        for b in range(a + 1, len(handles)):
            if (a, b) in counts:
                continue
            status = _ask(
                nvml, nvml.nvmlDeviceGetP2PStatus, handles[a], handles[b], nvml.NVML_P2P_CAPS_INDEX_NVLINK
            )
            if status == nvml.NVML_P2P_STATUS_OK:
                found.append({"a": a, "b": b, "kind": "nvswitch", "count": None})
    return found


def _ask(nvml, function, *arguments):
    """None where the GPU or the driver does not offer the figure."""
    try:
        return function(*arguments)
    except nvml.NVMLError:
        return None


def _text(value) -> str:
    return value.decode() if isinstance(value, bytes) else value


def main() -> None:
    try:
        import pynvml
    except ImportError:
        print(json.dumps({"devices": [], "links": []}))
        return
    print(json.dumps(discover(pynvml)))


if __name__ == "__main__":
    main()
