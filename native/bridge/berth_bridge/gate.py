"""The accuracy gate's measurement: original against candidate on calibration text.

Encoders: cosine similarity of mean-pooled embeddings. Causal language models: KL divergence of the
next-token distributions (Kullback and Leibler, 1951) and the relative increase of perplexity.
Judging the figures is the worker's.
"""

import time

from .calibration import calibration_lines
from .documents import read_json
from .gate_inputs import Encoder, batches
from .gate_metrics import compare_causal, compare_embeddings
from .gate_models import load_candidate, load_original
from .gate_progress import loading_progress, running_progress
from .process import compute_device, pinned_torch
from .sources import Sources


def evaluate_gate(params: dict, progress) -> dict:
    """@return {mean, worst, samples, perplexityIncrease?, seconds}"""
    started = time.monotonic()
    inspection = read_json(params["inspection"])
    lines = calibration_lines(params.get("calibration"))
    torch = pinned_torch(params["threads"])
    device = compute_device(torch)
    with Sources(inspection) as sources, torch.inference_mode():
        for file in inspection["files"]:
            if file["role"] in ("weights", "index", "config"):
                sources.file(file["path"])
        # Counted a tensor at a time while loading, then a module at a time: a large model takes
        # minutes for a batch, and must not look like a hang.
        progress.expect(2 * len(inspection["tensors"]))
        encoder = Encoder(params["candidate"])
        texts = batches([encoder.ids(line) for line in lines])
        with loading_progress(progress):
            original = load_original(torch, inspection, device)
            candidate = load_candidate(torch, params["candidate"], device)
        sources.check()
        compare = compare_causal if params["kind"] == "causal-lm" else compare_embeddings
        with running_progress(progress, [original, candidate], len(texts)):
            figures = compare(torch, original, candidate, texts, device)
        sources.check()
    progress.finish()
    return {**figures, "samples": len(lines), "seconds": time.monotonic() - started}
