"""State of the fake GPUs, as files below FAKE_GPU_STATE: compute mode, and memory by process."""

import os
from pathlib import Path

STATE = Path(os.environ["FAKE_GPU_STATE"])
MIB = 2**20


def compute_mode(uuid: str) -> str:
    try:
        return (STATE / f"mode-{uuid}").read_text()
    except FileNotFoundError:
        return "Default"


def set_compute_mode(uuid: str, mode: str) -> None:
    (STATE / f"mode-{uuid}").write_text(mode)


def note_started(pid: int) -> None:
    """A test ends what is left of it."""
    (STATE / "started").mkdir(exist_ok=True)
    (STATE / "started" / str(pid)).touch()


def note_process(uuid: str, pid: int, mib: int) -> None:
    folder = STATE / "processes" / uuid
    folder.mkdir(parents=True, exist_ok=True)
    temporary = STATE / f"{pid}.partial"
    temporary.write_text(str(mib * MIB))
    temporary.rename(folder / str(pid))


def running_processes(uuid: str) -> dict[int, int]:
    """Bytes by pid; the driver frees what a dead process held."""
    folder = STATE / "processes" / uuid
    if not folder.exists():
        return {}
    return {int(file.name): int(file.read_text()) for file in folder.iterdir() if _runs(file.name)}


def _runs(pid: str) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat[stat.rindex(")") + 2] not in "ZX"


def size_mib(text: str) -> int:
    """`2G`, `512M` or `512MB`."""
    number = text.rstrip("MGB")
    return int(number) * (1024 if "G" in text else 1)
