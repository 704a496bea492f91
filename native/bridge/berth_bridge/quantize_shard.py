"""Writes one shard of a plan (records.ts, ShardPlan): quantized matrices and cast or copied rest."""

import os
import time

from .chunks import Chunk, flat_chunks
from .documents import read_json
from .dtypes import SIZES, torch_dtype
from .failures import BridgeError
from .pool import shared_pool
from .process import compute_device, pinned_torch
from .quantize_tensor import FourBitJob, Int8Job
from .reading import TensorReader, as_bytes, cast
from .shard_file import ShardFile
from .shard_layout import OutputTensor, ShardLayout
from .sources import Sources

JOBS = {"int8": Int8Job, "nf4": FourBitJob, "fp4": FourBitJob}


def quantize_shard(params: dict, progress) -> dict:
    """@return {path, bytes, tensors, seconds}; the file appears whole or not at all."""
    started = time.monotonic()
    plan = read_json(params["plan"])
    shard = plan["shards"][params["index"]]
    threads = params["threads"]
    torch = pinned_torch(threads)
    import bitsandbytes  # noqa: F401 - registers the ops

    device = compute_device(torch)
    map_ = shared_pool(torch, threads).map
    jobs = [_job(torch, planned, plan["doubleQuant"], device) for planned in shard["tensors"]]
    layout = ShardLayout(
        [output for job in jobs for output in job.outputs()],
        {name: size for job in jobs for name, size in job.state_bounds().items()},
    )
    progress.expect(shard["sourceBytes"])
    os.makedirs(os.path.dirname(params["output"]), mode=0o700, exist_ok=True)

    with (
        Sources(read_json(params["inspection"])) as sources,
        ShardFile(params["output"], layout.max_file_bytes) as file,
    ):
        for planned, job in zip(shard["tensors"], jobs):
            source = planned["from"]
            reader = TensorReader(torch, sources.file(source["file"]), source, progress)
            job.run(reader, layout, file, map_, threads)
        sources.check()
        file.finish(layout.preamble(), layout.file_bytes)
    progress.finish()
    return {
        "path": params["output"],
        "bytes": layout.file_bytes,
        "tensors": layout.tensors,
        "seconds": time.monotonic() - started,
    }


def _job(torch, planned: dict, double_quant: bool, device: str):
    if planned["action"] == "keep":
        return CopyJob(torch, planned)
    if planned["action"] not in JOBS:
        raise BridgeError("InvalidRequest", f"{planned['key']}: no method {planned['action']!r}")
    return JOBS[planned["action"]](torch, planned, double_quant, device)


class CopyJob:
    """A tensor that stays as it is, cast where the model is loaded in another dtype."""

    def __init__(self, torch, planned: dict):
        self._torch = torch
        self._dtype = torch_dtype(torch, planned["dtype"])
        self._size = SIZES[planned["dtype"]]
        self._output = OutputTensor(planned["key"], planned["dtype"], tuple(planned["shape"]))

    def outputs(self) -> list[OutputTensor]:
        return [self._output]

    def state_bounds(self) -> dict[str, int]:
        return {}

    def run(self, reader: TensorReader, layout: ShardLayout, file: ShardFile, map_, workers: int) -> None:
        offset = layout.offset(self._output.name)

        def copy(chunk: Chunk) -> None:
            values = cast(self._torch, reader.flat(chunk.first_row, chunk.rows), self._dtype, reader.name)
            file.write(as_bytes(values), offset + chunk.first_row * self._size)

        for _ in map_(copy, flat_chunks(self._output.nbytes // self._size, workers)):
            pass
