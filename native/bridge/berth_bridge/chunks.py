"""Cuts a stored matrix into chunks that quantize to the same bytes as the whole.

4-bit blocks run over 64 consecutive elements of the row-major output, int8 over whole rows; so a
chunk of whole rows whose elements are a multiple of 64 can be quantized by itself (the last one
may be shorter).
"""

from dataclasses import dataclass
from math import gcd

# Half a million elements: their float32 copy stays in the cache, and the op's own cost is small.
CHUNK_ELEMENTS = 1 << 19
BLOCK = 64


@dataclass(frozen=True)
class Chunk:
    first_row: int
    rows: int


def row_chunks(rows: int, columns: int, workers: int) -> list[Chunk]:
    """Chunks of whole output rows, about CHUNK_ELEMENTS each, at least one for each worker."""
    if rows == 0 or columns == 0:
        return [Chunk(0, rows)]
    step = BLOCK // gcd(columns, BLOCK)
    wanted = min(CHUNK_ELEMENTS // columns, -(-rows // workers))
    size = max(step, wanted // step * step)
    return [Chunk(first, min(size, rows - first)) for first in range(0, rows, size)]


def flat_chunks(elements: int, workers: int) -> list[Chunk]:
    """The same for a tensor that is copied or cast element by element."""
    return row_chunks(elements, 1, workers)
