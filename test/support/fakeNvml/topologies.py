"""Hosts that we do not have, as the fake NVML tells of them; FAKE_NVML names one, else `mixed`.

A GPU is a dictionary: uuid, bus, node (NUMA, None: not told), mig (UUIDs of instances, None: not in
MIG mode), ends (what each NVLink ends at: index of a GPU, ("switch", board), "cpu", None: inactive),
capability, fabric (clusterUuid, cliqueId, state), and silent: functions that answer Not Supported.
PCIe: the common ancestor's level of two GPUs by index, None: Not Supported.
"""

INTERNAL, SINGLE, MULTIPLE, HOSTBRIDGE, NODE, SYSTEM = 0, 10, 20, 30, 40, 50


def gpu(index, ends=(), **more):
    return {
        "uuid": f"GPU-{index}",
        "bus": f"00000000:{16 + index:02X}:00.0",
        "node": 0,
        "mig": None,
        "ends": list(ends),
        "capability": (9, 0),
        "fabric": None,
        "silent": set(),
        **more,
    }


def mixed():
    """Two GPUs joined by NVLink, one cut into MIG instances, one on the other socket."""
    return {
        "gpus": [
            gpu(0, [1, 1], uuid="GPU-0000", bus="00000000:3B:00.0"),
            gpu(1, [0, 0], uuid="GPU-1111", bus="00000000:5E:00.0"),
            gpu(2, uuid="GPU-2222", bus="00000000:AF:00.0", node=1, mig=["MIG-aaaa", "MIG-bbbb"]),
            gpu(3, uuid="GPU-3333", bus="00000000:D8:00.0", node=None),
        ],
        "pcie": lambda a, b: NODE if {a, b} == {0, 1} else SYSTEM,
    }


# Pairs with two bonded links, then with one, as `nvidia-smi topo -m` prints a DGX-1 with V100.
CUBE_MESH = {
    2: [(0, 3), (0, 4), (1, 2), (1, 5), (2, 3), (4, 7), (5, 6), (6, 7)],
    1: [(0, 1), (0, 2), (1, 3), (2, 6), (3, 7), (4, 5), (4, 6), (5, 7)],
}


def dgx1():
    """Eight V100, six NVLinks each, in a hybrid cube mesh; two to a PCIe switch, four to a socket."""
    ends = [[] for _ in range(8)]
    for count, pairs in CUBE_MESH.items():
        for a, b in pairs:
            ends[a] += [b] * count
            ends[b] += [a] * count
    return {
        "gpus": [gpu(i, ends[i], node=i // 4, capability=(7, 0)) for i in range(8)],
        "pcie": lambda a, b: SINGLE if a // 2 == b // 2 else NODE if a // 4 == b // 4 else SYSTEM,
    }


def pairs():
    """Four PCIe cards on two sockets, two and two joined by NVLink bridges of 12 links."""
    return {
        "gpus": [gpu(i, [i ^ 1] * 12, node=i // 2, capability=(8, 0)) for i in range(4)],
        "pcie": lambda a, b: HOSTBRIDGE if a // 2 == b // 2 else SYSTEM,
    }


def hgx():
    """Eight H100 SXM on NVSwitches: all links end at the switches; its domain has no UUID."""
    own = {"clusterUuid": bytes(16), "cliqueId": 0, "state": 3}
    return {
        "gpus": [gpu(i, [("switch", 0)] * 18, node=i // 4, fabric=own) for i in range(8)],
        "pcie": lambda a, b: NODE if a // 4 == b // 4 else SYSTEM,
    }


def splitSwitches():
    """Two boards of two GPUs, each board with switches of its own."""
    return {
        "gpus": [gpu(i, [("switch", i // 2)] * 6) for i in range(4)],
        "pcie": lambda a, b: MULTIPLE if a // 2 == b // 2 else SYSTEM,
    }


def nvl72():
    """One host of a GB200 NVL72: four GPUs in a domain with other hosts; one is not registered yet."""
    def domain(state):
        return {"clusterUuid": bytes(range(16)), "cliqueId": 7, "state": state}

    return {
        "gpus": [
            gpu(i, [("switch", 0)] * 18, capability=(10, 0), fabric=domain(2 if i == 3 else 3))
            for i in range(4)
        ],
        "pcie": lambda a, b: SYSTEM,
    }


def oldDriver():
    """The same domain under a driver that has only the first version of the fabric call."""
    host = nvl72()
    for each in host["gpus"]:
        each["silent"] = {"nvmlDeviceGetGpuFabricInfoV"}
    return host


def lopsided():
    """Of four links between two GPUs one side has lost one; a third cannot say whom its own end at,
    and nobody knows its place on the bus."""
    return {
        "gpus": [
            gpu(0, [1, 1, 1, 1]),
            gpu(1, [0, 0, 0, None]),
            gpu(2, [0], silent={"nvmlDeviceGetNvLinkRemotePciInfo", "nvmlDeviceGetP2PStatus"}),
        ],
        "pcie": lambda a, b: None if 2 in (a, b) else INTERNAL,
    }


def power9():
    """NVLinks that end at the CPUs join no GPUs."""
    return {
        "gpus": [gpu(i, ["cpu"] * 3, capability=(7, 0)) for i in range(2)],
        "pcie": lambda a, b: NODE,
    }


def bare():
    """An old card: hardly anything is supported."""
    silent = {
        "nvmlDeviceGetNvLinkState",
        "nvmlDeviceGetNumaNodeId",
        "nvmlDeviceGetMigMode",
        "nvmlDeviceGetMemoryInfo",
        "nvmlDeviceGetUtilizationRates",
        "nvmlDeviceGetCudaComputeCapability",
        "nvmlDeviceGetGpuFabricInfoV",
        "nvmlDeviceGetGpuFabricInfo",
    }
    return {"gpus": [gpu(i, silent=silent) for i in range(2)], "pcie": lambda a, b: None}
