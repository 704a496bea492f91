"""How the GPUs of a host reach each other: NVLinks, NVSwitch, PCIe, NVLink domains across hosts.

Asks NVML as `nvidia-smi topo -m` does. Each GPU says what it sees itself: the two sides of a pair can
differ (a failed link, a driver that does not tell), and whoever reads this takes the worse.
"""

from ctypes import byref

from .nvml_asking import ask, text


def links_by_uuid(nvml, handles: list) -> dict[str, dict[str, str]]:
    """@return by UUID of each GPU, then of the other: `NV<n>`, PIX, PXB, PHB, NODE or SYS; unknown
    links are absent"""
    uuids = [text(nvml.nvmlDeviceGetUUID(handle)) for handle in handles]
    by_bus = {text(nvml.nvmlDeviceGetPciInfo(h).busId).lower(): i for i, h in enumerate(handles)}
    seen: dict[str, dict[str, str]] = {}
    for a, handle in enumerate(handles):
        direct, elsewhere = _nvlinks(nvml, handle, by_bus)
        seen[uuids[a]] = {}
        for b, other in enumerate(handles):
            if a == b:
                continue
            count = direct.get(b) or _switched(nvml, handle, other, elsewhere)
            link = f"NV{count}" if count else _pcie(nvml, handle, other)
            if link is not None:
                seen[uuids[a]][uuids[b]] = link
    return seen


def fabric(nvml, handle) -> dict | None:
    """The NVLink domain that spans hosts, once the GPU is registered there.

    @return {clusterUuid: 32 hex digits, cliqueId}; None outside of any, also for the all-zero UUID
    that a host's own NVSwitches report
    """
    info = _fabric_info(nvml, handle)
    if info is None or info.state != nvml.NVML_GPU_FABRIC_STATE_COMPLETED:
        return None
    if info.status != nvml.NVML_SUCCESS:
        return None
    uuid = bytes(info.clusterUuid)
    return {"clusterUuid": uuid.hex(), "cliqueId": info.cliqueId} if any(uuid) else None


def _fabric_info(nvml, handle):
    info = nvml.c_nvmlGpuFabricInfoV_t()
    if ask(nvml, nvml.nvmlDeviceGetGpuFabricInfoV, handle, byref(info)) is not None:
        return info
    # Drivers before R545 know only the first version.
    info = nvml.c_nvmlGpuFabricInfo_t()
    told = ask(nvml, nvml.nvmlDeviceGetGpuFabricInfo, handle, byref(info))
    return None if told is None else info


def _nvlinks(nvml, handle, by_bus: dict[str, int]) -> tuple[dict[int, int], int]:
    """Active links to each GPU, and how many end at something else, such as an NVSwitch."""
    direct: dict[int, int] = {}
    elsewhere = 0
    for link in range(nvml.NVML_NVLINK_MAX_LINKS):
        if ask(nvml, nvml.nvmlDeviceGetNvLinkState, handle, link) != nvml.NVML_FEATURE_ENABLED:
            continue
        remote = ask(nvml, nvml.nvmlDeviceGetNvLinkRemotePciInfo, handle, link)
        peer = None if remote is None else by_bus.get(text(remote.busId).lower())
        if peer is not None:
            direct[peer] = direct.get(peer, 0) + 1
        elif not _ends_at_cpu(nvml, handle, link):
            elsewhere += 1
    return direct, elsewhere


def _ends_at_cpu(nvml, handle, link: int) -> bool:
    """POWER9's CPUs have NVLinks of their own, which join no GPUs."""
    kind = ask(nvml, nvml.nvmlDeviceGetNvLinkRemoteDeviceType, handle, link)
    return kind == nvml.NVML_NVLINK_DEVICE_TYPE_IBMNPU


def _switched(nvml, handle, other, elsewhere: int) -> int:
    """Links through NVSwitches; they end at the switch, only peer access tells whom it joins."""
    if elsewhere == 0:
        return 0
    index = nvml.NVML_P2P_CAPS_INDEX_NVLINK
    status = ask(nvml, nvml.nvmlDeviceGetP2PStatus, handle, other, index)
    return elsewhere if status == nvml.NVML_P2P_STATUS_OK else 0


def _pcie(nvml, handle, other) -> str | None:
    level = ask(nvml, nvml.nvmlDeviceGetTopologyCommonAncestor, handle, other)
    return {
        nvml.NVML_TOPOLOGY_INTERNAL: "PIX",  # Two GPUs on one board share its switch.
        nvml.NVML_TOPOLOGY_SINGLE: "PIX",
        nvml.NVML_TOPOLOGY_MULTIPLE: "PXB",
        nvml.NVML_TOPOLOGY_HOSTBRIDGE: "PHB",
        nvml.NVML_TOPOLOGY_NODE: "NODE",
        nvml.NVML_TOPOLOGY_SYSTEM: "SYS",
    }.get(level)
