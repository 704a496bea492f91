"""Embeds texts with a warm copy: a file of texts in, a file of vectors out."""

import time

from .embed_files import read_texts, write_vectors
from .embed_model import keep_model
from .embed_run import Run
from .failures import BridgeError
from .process import compute_device, pinned_torch


def embed_texts(params: dict, progress) -> dict:
    """Reads JSON lines of strings from `texts`; writes float32 rows, little-endian, row i of text i,
    to `output`. Rows of texts without a vector are zeros, and named in the answer.

    @return {texts, tokens, dimensions, refused: [{index, reason}], notFinite: [index], seconds}
    @raise BridgeError InvalidRequest, InvalidModel, DimensionMismatch, BridgeFailed
    """
    started = time.monotonic()
    torch = pinned_torch(params["threads"])
    texts = read_texts(params["texts"])
    model = keep_model(torch, params["model"], compute_device(torch), progress)
    dimensions = params["dimensions"]
    if dimensions > model.dimensions:
        raise BridgeError(
            "DimensionMismatch",
            f"{params['model']}: gives {model.dimensions} dimensions, fewer than the {dimensions} asked for",
        )
    run = Run(torch, model, params, progress)
    with torch.inference_mode():
        vectors = run.embed(texts)
    write_vectors(params["output"], vectors)
    progress.finish()
    return {
        "texts": len(texts),
        "tokens": run.tokens,
        "dimensions": dimensions,
        "refused": [{"index": index, "reason": run.refused[index]} for index in sorted(run.refused)],
        "notFinite": sorted(run.not_finite),
        "seconds": time.monotonic() - started,
    }
