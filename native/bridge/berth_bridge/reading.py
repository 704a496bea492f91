"""Reads parts of a source tensor into torch tensors."""

from .dtypes import SIZES, torch_dtype
from .failures import BridgeError
from .sources import SourceFile


class TensorReader:
    """A tensor of a source file (records.ts, SourceTensor), read in parts."""

    def __init__(self, torch, file: SourceFile, record: dict, progress):
        self._torch = torch
        self._file = file
        self._record = record
        self._progress = progress
        self._dtype = torch_dtype(torch, record["dtype"])
        self._size = SIZES[record["dtype"]]

    @property
    def name(self) -> str:
        return self._record["name"]

    def flat(self, first: int, count: int):
        """`count` elements from the element `first` on, row-major."""
        values = self._torch.empty(count, dtype=self._dtype)
        self._fill(values, first)
        return values

    def rows(self, first: int, count: int, columns: int):
        return self.flat(first * columns, count * columns).view(count, columns)

    def transposed_rows(self, first: int, count: int, columns: int):
        """Rows of the transpose of a tensor stored as [columns, rows]."""
        stored_columns = self._record["shape"][1]
        slab = self._torch.empty((columns, count), dtype=self._dtype)
        for row in range(columns):
            self._fill(slab[row], row * stored_columns + first)
        return slab.t().contiguous()

    def _fill(self, values, first: int) -> None:
        view = as_bytes(values)
        self._file.read_into(view, self._record["offset"] + first * self._size)
        self._progress.add(len(view))


def cast(torch, values, dtype, name: str):
    """Casts as loading does, but a value that the new type cannot hold is an error."""
    if values.dtype == dtype:
        return values
    result = values.to(dtype)
    if result.is_floating_point() and not bool(torch.isfinite(result).all()):
        kind = str(dtype).removeprefix("torch.")
        raise BridgeError(
            "NonFiniteTensor",
            f"{name}: holds a value that {kind} cannot, to which it is cast; "
            "quantize to nf4 or fp4, or store the model in bfloat16",
        )
    return result


def as_bytes(tensor) -> memoryview:
    """The tensor's own bytes, or those of a copy on the host where it lies elsewhere or is strided."""
    import torch

    return memoryview(tensor.cpu().contiguous().view(-1).view(torch.uint8).numpy())
