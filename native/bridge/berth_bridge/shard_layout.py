"""Where each tensor of a shard lies: the safetensors format, data starting at a multiple of 4096.

Tensors are ordered by the alignment of their dtype, greatest first, then by name, as the
safetensors writer does, so that every tensor can be viewed in place. Quantization states, whose
length is known only once the tensor is quantized, come last.
"""

import json
from dataclasses import dataclass
from math import prod

from .dtypes import SIZES

DATA_ALIGNMENT = 4096


@dataclass(frozen=True)
class OutputTensor:
    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        return prod(self.shape) * SIZES[self.dtype]


@dataclass(frozen=True)
class Placed:
    tensor: OutputTensor
    start: int
    """Offset in the data section, bytes."""

    @property
    def end(self) -> int:
        return self.start + self.tensor.nbytes


class ShardLayout:
    """Fixed tensors are placed at once; states are appended in the order given by `state_names`."""

    def __init__(self, tensors: list[OutputTensor], state_bounds: dict[str, int]):
        self._placed: dict[str, Placed] = {}
        self._end = 0
        for tensor in sorted(tensors, key=lambda t: (-SIZES[t.dtype], t.name)):
            self._place(tensor)
        bound = self._end + sum(state_bounds.values())
        longest = [
            *self._placed.values(),
            *(Placed(OutputTensor(name, "U8", (size,)), bound) for name, size in state_bounds.items()),
        ]
        # An offset never has more digits than the bound, so the real header is no longer.
        unpadded = 8 + len(_header(longest))
        self.data_start = -(-unpadded // DATA_ALIGNMENT) * DATA_ALIGNMENT
        self.max_file_bytes = self.data_start + bound

    def _place(self, tensor: OutputTensor) -> Placed:
        placed = Placed(tensor, self._end)
        self._placed[tensor.name] = placed
        self._end = placed.end
        return placed

    def append_state(self, name: str, nbytes: int) -> int:
        """Places a state; @return its absolute offset in the file."""
        return self.data_start + self._place(OutputTensor(name, "U8", (nbytes,))).start

    def offset(self, name: str) -> int:
        """Absolute offset of a tensor's first byte in the file."""
        return self.data_start + self._placed[name].start

    @property
    def file_bytes(self) -> int:
        return self.data_start + self._end

    @property
    def tensors(self) -> int:
        return len(self._placed)

    def preamble(self) -> bytes:
        """Length and header, padded with spaces up to the data."""
        header = _header(list(self._placed.values())).ljust(self.data_start - 8)
        return len(header).to_bytes(8, "little") + header


def _header(placed: list[Placed]) -> bytes:
    entries: dict = {"__metadata__": {"format": "pt"}}
    for entry in placed:
        entries[entry.tensor.name] = {
            "dtype": entry.tensor.dtype,
            "shape": list(entry.tensor.shape),
            "data_offsets": [entry.start, entry.end],
        }
    return json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
