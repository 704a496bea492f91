"""A fake NVML, for machines without a GPU: two whole GPUs joined by NVLink, one cut into MIG
instances, one that reaches the others only through an NVSwitch."""

from types import SimpleNamespace

NVML_DEVICE_MIG_ENABLE = 1
NVML_FEATURE_ENABLED = 1
NVML_NVLINK_MAX_LINKS = 18
NVML_P2P_CAPS_INDEX_NVLINK = 2
NVML_P2P_STATUS_OK = 0


class NVMLError(Exception):
    pass


GPUS = [
    {"uuid": "GPU-0000", "bus": "00000000:3B:00.0", "node": 0, "mig": None, "links": {0: 1, 1: 1}},
    {"uuid": "GPU-1111", "bus": "00000000:5E:00.0", "node": 0, "mig": None, "links": {0: 0, 1: 0}},
    {"uuid": "GPU-2222", "bus": "00000000:AF:00.0", "node": 1, "mig": ["MIG-aaaa", "MIG-bbbb"], "links": {}},
    {"uuid": "GPU-3333", "bus": "00000000:D8:00.0", "node": None, "mig": None, "links": {}},
]
SWITCHED = {(0, 3), (1, 3)}


def nvmlInit():
    pass


def nvmlShutdown():
    pass


def nvmlDeviceGetCount():
    return len(GPUS)


def nvmlDeviceGetHandleByIndex(index):
    return index


def nvmlDeviceGetUUID(handle):
    # Older drivers hand out bytes.
    return GPUS[handle]["uuid"].encode() if isinstance(handle, int) else handle


def nvmlDeviceGetName(handle):
    return "NVIDIA H100 80GB HBM3" if isinstance(handle, int) else "NVIDIA H100 80GB HBM3 MIG 1g.10gb"


def nvmlDeviceGetPciInfo(handle):
    return SimpleNamespace(busId=GPUS[handle]["bus"])


def nvmlDeviceGetNumaNodeId(handle):
    if GPUS[handle]["node"] is None:
        raise NVMLError("Not Supported")
    return GPUS[handle]["node"]


def nvmlDeviceGetMemoryInfo(handle):
    return SimpleNamespace(total=80_000 if isinstance(handle, int) else 10_000, used=1_000)


def nvmlDeviceGetUtilizationRates(handle):
    return SimpleNamespace(gpu=25)


def nvmlDeviceGetMigMode(handle):
    if GPUS[handle]["mig"] is None:
        raise NVMLError("Not Supported")
    return [NVML_DEVICE_MIG_ENABLE, NVML_DEVICE_MIG_ENABLE]


def nvmlDeviceGetMaxMigDeviceCount(handle):
    return 7


def nvmlDeviceGetMigDeviceHandleByIndex(handle, index):
    instances = GPUS[handle]["mig"]
    if index >= len(instances):
        raise NVMLError("Not Found")
    return instances[index]


def nvmlDeviceGetNvLinkState(handle, link):
    return 1 if link in GPUS[handle]["links"] else 0


def nvmlDeviceGetNvLinkRemotePciInfo(handle, link):
    return SimpleNamespace(busId=GPUS[GPUS[handle]["links"][link]]["bus"].lower().encode())


def nvmlDeviceGetP2PStatus(first, second, index):
    return NVML_P2P_STATUS_OK if (first, second) in SWITCHED else 5
