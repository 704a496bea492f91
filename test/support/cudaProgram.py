"""A torch program on a real GPU that does what stdin says, one answer a line: `allocate MIB`, `work`
(keeps the GPU busy from another thread), `compute` (2 + 2 on the GPU), `multiprocessors`."""

import sys
import threading

import torch

kept = []


def work() -> None:
    matrix = torch.randn(4096, 4096, device="cuda")
    while True:
        matrix @ matrix
        torch.cuda.synchronize()


def do(name: str, *arguments: str) -> str:
    if name == "allocate":
        kept.append(torch.empty(int(arguments[0]) * 2**20, dtype=torch.uint8, device="cuda"))
    if name == "work":
        threading.Thread(target=work, daemon=True).start()
        torch.cuda.synchronize()
    if name == "compute":
        return str(int((torch.tensor([2], device="cuda") + 2).item()))
    if name == "multiprocessors":
        return str(torch.cuda.get_device_properties(0).multi_processor_count)
    return "ok"


for line in sys.stdin:
    try:
        print(do(*line.split()), flush=True)
    except Exception as error:  # noqa: BLE001 - the test judges which error it is
        print(type(error).__name__, flush=True)
