"""A fake NVML, for machines without a GPU: the functions and structures of nvidia-ml-py that Berth
calls, over one of the hosts in topologies.py."""

import functools
import os
from ctypes import Structure, c_uint, c_uint8
from types import SimpleNamespace

import topologies

NVML_SUCCESS = 0
NVML_DEVICE_MIG_ENABLE = 1
NVML_FEATURE_ENABLED = 1
NVML_NVLINK_MAX_LINKS = 36
NVML_NVLINK_DEVICE_TYPE_GPU = 0
NVML_NVLINK_DEVICE_TYPE_IBMNPU = 1
NVML_NVLINK_DEVICE_TYPE_SWITCH = 2
NVML_P2P_CAPS_INDEX_NVLINK = 2
NVML_P2P_STATUS_OK = 0
NVML_TOPOLOGY_INTERNAL = 0
NVML_TOPOLOGY_SINGLE = 10
NVML_TOPOLOGY_MULTIPLE = 20
NVML_TOPOLOGY_HOSTBRIDGE = 30
NVML_TOPOLOGY_NODE = 40
NVML_TOPOLOGY_SYSTEM = 50
NVML_GPU_FABRIC_STATE_COMPLETED = 3


class NVMLError(Exception):
    pass


class c_nvmlGpuFabricInfo_t(Structure):
    _fields_ = [
        ("clusterUuid", c_uint8 * 16),
        ("status", c_uint),
        ("cliqueId", c_uint),
        ("state", c_uint),
    ]


class c_nvmlGpuFabricInfoV_t(Structure):
    _fields_ = [("version", c_uint), *c_nvmlGpuFabricInfo_t._fields_, ("healthMask", c_uint)]


HOST = getattr(topologies, os.environ.get("FAKE_NVML", "mixed"))()
GPUS = HOST["gpus"]


def _per_gpu(function):
    """Handles of GPUs are indices, of MIG instances UUIDs."""

    @functools.wraps(function)
    def asked(handle, *arguments):
        if isinstance(handle, int) and function.__name__ in GPUS[handle]["silent"]:
            raise NVMLError("Not Supported")
        return function(handle, *arguments)

    return asked


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


@_per_gpu
def nvmlDeviceGetNumaNodeId(handle):
    if GPUS[handle]["node"] is None:
        raise NVMLError("Not Supported")
    return GPUS[handle]["node"]


@_per_gpu
def nvmlDeviceGetCudaComputeCapability(handle):
    return GPUS[handle]["capability"]


@_per_gpu
def nvmlDeviceGetMemoryInfo(handle):
    return SimpleNamespace(total=80_000 if isinstance(handle, int) else 10_000, used=1_000)


@_per_gpu
def nvmlDeviceGetUtilizationRates(handle):
    return SimpleNamespace(gpu=25)


@_per_gpu
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


def _end(handle, link):
    ends = GPUS[handle]["ends"]
    if link >= len(ends):
        raise NVMLError("Invalid Argument")
    return ends[link]


@_per_gpu
def nvmlDeviceGetNvLinkState(handle, link):
    return 0 if _end(handle, link) is None else 1


@_per_gpu
def nvmlDeviceGetNvLinkRemotePciInfo(handle, link):
    end = _end(handle, link)
    if isinstance(end, int):
        return SimpleNamespace(busId=GPUS[end]["bus"].lower().encode())
    return SimpleNamespace(busId=b"00000000:c0:00.0")


@_per_gpu
def nvmlDeviceGetNvLinkRemoteDeviceType(handle, link):
    end = _end(handle, link)
    if isinstance(end, int):
        return NVML_NVLINK_DEVICE_TYPE_GPU
    return NVML_NVLINK_DEVICE_TYPE_IBMNPU if end == "cpu" else NVML_NVLINK_DEVICE_TYPE_SWITCH


@_per_gpu
def nvmlDeviceGetP2PStatus(first, second, index):
    ends = [set(GPUS[handle]["ends"]) - {None} for handle in (first, second)]
    joined = second in ends[0] or any(isinstance(end, tuple) for end in ends[0] & ends[1])
    return NVML_P2P_STATUS_OK if joined else 5


def nvmlDeviceGetTopologyCommonAncestor(first, second):
    level = HOST["pcie"](first, second)
    if level is None:
        raise NVMLError("Not Supported")
    return level


@_per_gpu
def nvmlDeviceGetGpuFabricInfoV(handle, info):
    return nvmlDeviceGetGpuFabricInfo(handle, info)


@_per_gpu
def nvmlDeviceGetGpuFabricInfo(handle, info):
    fabric = GPUS[handle]["fabric"]
    if fabric is None:
        raise NVMLError("Not Supported")
    told = info._obj
    told.clusterUuid[:] = fabric["clusterUuid"]
    told.cliqueId = fabric["cliqueId"]
    told.state = fabric["state"]
    told.status = NVML_SUCCESS
    return NVML_SUCCESS
