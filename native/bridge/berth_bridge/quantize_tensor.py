"""Quantizes one matrix with bitsandbytes, chunk by chunk, to the bytes that transformers saves.

Keys and layouts: bitsandbytes functional.QuantState.as_dict and nn.Linear8bitLt.
"""

from typing import Callable, Iterable

from .chunks import BLOCK, Chunk, row_chunks
from .dtypes import torch_dtype
from .reading import TensorReader, as_bytes, cast
from .shard_file import ShardFile
from .shard_layout import OutputTensor, ShardLayout

NESTED_BLOCK = 256
# {"quant_type": …, "nested_offset": …} with the longest numbers that they can hold.
STATE_BOUND = 512

Map = Callable[[Callable[[Chunk], object], list[Chunk]], Iterable]


class MatrixJob:
    """What the two methods share: a planned tensor (records.ts), its source and its target."""

    def __init__(self, torch, planned: dict, double_quant: bool, device: str):
        self.torch = torch
        self.key = planned["key"]
        self.action = planned["action"]
        self.rows, self.columns = planned["shape"]
        self.dtype = torch_dtype(torch, planned["dtype"])
        self.transposed = planned["transposed"]
        self.double_quant = double_quant
        self.device = device

    def read(self, reader: TensorReader, chunk: Chunk):
        read_rows = reader.transposed_rows if self.transposed else reader.rows
        values = read_rows(chunk.first_row, chunk.rows, self.columns)
        return cast(self.torch, values, self.dtype, reader.name)


class Int8Job(MatrixJob):
    @property
    def module(self) -> str:
        return self.key.removesuffix(".weight")

    def outputs(self) -> list[OutputTensor]:
        return [
            OutputTensor(self.key, "I8", (self.rows, self.columns)),
            OutputTensor(f"{self.module}.SCB", "F32", (self.rows,)),
            OutputTensor(f"{self.module}.weight_format", "U8", ()),
        ]

    def state_bounds(self) -> dict[str, int]:
        return {}

    def run(self, reader: TensorReader, layout: ShardLayout, file: ShardFile, map_: Map, workers) -> None:
        from bitsandbytes.functional import int8_vectorwise_quant

        def quantize(chunk: Chunk) -> None:
            values = self.read(reader, chunk)
            half = cast(self.torch, values, self.torch.float16, reader.name)
            codes, row_absmax, _ = int8_vectorwise_quant(half.to(self.device))
            file.write(as_bytes(codes), layout.offset(self.key) + chunk.first_row * self.columns)
            file.write(as_bytes(row_absmax), layout.offset(f"{self.module}.SCB") + chunk.first_row * 4)

        for _ in map_(quantize, row_chunks(self.rows, self.columns, workers)):
            pass
        # 0 is "row", the only layout that bitsandbytes still writes.
        file.write(bytes(1), layout.offset(f"{self.module}.weight_format"))


class FourBitJob(MatrixJob):
    @property
    def blocks(self) -> int:
        return -(-self.rows * self.columns // BLOCK)

    @property
    def state_name(self) -> str:
        return f"{self.key}.quant_state.bitsandbytes__{self.action}"

    def outputs(self) -> list[OutputTensor]:
        packed = -(-self.rows * self.columns // 2)
        plain = [
            OutputTensor(self.key, "U8", (packed, 1)),
            OutputTensor(f"{self.key}.quant_map", "F32", (16,)),
        ]
        if not self.double_quant:
            return [*plain, OutputTensor(f"{self.key}.absmax", "F32", (self.blocks,))]
        nested = -(-self.blocks // NESTED_BLOCK)
        return [
            *plain,
            OutputTensor(f"{self.key}.absmax", "U8", (self.blocks,)),
            OutputTensor(f"{self.key}.nested_absmax", "F32", (nested,)),
            OutputTensor(f"{self.key}.nested_quant_map", "F32", (256,)),
        ]

    def state_bounds(self) -> dict[str, int]:
        return {self.state_name: STATE_BOUND}

    def run(self, reader: TensorReader, layout: ShardLayout, file: ShardFile, map_: Map, workers) -> None:
        absmax = self.torch.empty(self.blocks, dtype=self.torch.float32, device=self.device)

        def quantize(chunk: Chunk) -> None:
            values = self.read(reader, chunk).to(self.device)
            packed, part = self.torch.ops.bitsandbytes.quantize_4bit.default(
                values, BLOCK, self.action, self.torch.uint8
            )
            first = chunk.first_row * self.columns
            absmax[first // BLOCK : first // BLOCK + part.numel()] = part
            file.write(as_bytes(packed), layout.offset(self.key) + first // 2)

        for _ in map_(quantize, row_chunks(self.rows, self.columns, workers)):
            pass
        self._write_state(absmax, layout, file)

    def _write_state(self, absmax, layout: ShardLayout, file: ShardFile) -> None:
        state = self._quant_state(absmax).as_dict(packed=True)
        for name, tensor in state.items():
            data = as_bytes(tensor)
            full_name = f"{self.key}.{name}"
            if full_name == self.state_name:
                file.write(data, layout.append_state(full_name, len(data)))
            else:
                file.write(data, layout.offset(full_name))

    def _quant_state(self, absmax):
        """The end of bitsandbytes' quantize_4bit, over the whole tensor's absmax."""
        from bitsandbytes.functional import QuantState, get_4bit_type, quantize_blockwise

        common = {
            "shape": self.torch.Size((self.rows, self.columns)),
            "dtype": self.dtype,
            "blocksize": BLOCK,
            "code": get_4bit_type(self.action, device=absmax.device),
            "quant_type": self.action,
        }
        if not self.double_quant:
            return QuantState(absmax=absmax, **common)
        offset = absmax.mean()
        nested, nested_state = quantize_blockwise(absmax - offset, blocksize=NESTED_BLOCK)
        return QuantState(absmax=nested, offset=offset, state2=nested_state, **common)
