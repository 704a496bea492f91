"""Compares two source tensors that a model would tie."""

from .reading import TensorReader
from .sources import Sources

STEP_ELEMENTS = 1 << 22


def same_values(torch, inspection: dict, sources: Sources, dtype, progress):
    """@return a function that tells whether two source tensors are equal once cast to `dtype`."""
    records = {record["name"]: record for record in inspection["tensors"]}

    def reader(name: str) -> TensorReader:
        return TensorReader(torch, sources.file(records[name]["file"]), records[name], progress)

    def same(first: str, second: str) -> bool:
        if records[first]["shape"] != records[second]["shape"]:
            return False
        elements = torch.Size(records[first]["shape"]).numel()
        left, right = reader(first), reader(second)
        for start in range(0, elements, STEP_ELEMENTS):
            count = min(STEP_ELEMENTS, elements - start)
            pair = [part.flat(start, count).to(dtype) for part in (left, right)]
            if not torch.equal(*pair):
                return False
        return True

    return same
