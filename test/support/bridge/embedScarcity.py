"""Embeds with a model that is made to fail: `embedScarcity.py <model> <folder>` prints JSON.

No GPU is needed: the forward pass raises what torch raises when a batch does not fit, or what a layer
raises at a token that it does not bear."""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "native" / "bridge"))

from berth_bridge.channel import Progress  # noqa: E402
from berth_bridge.embed import embed_texts  # noqa: E402
from berth_bridge.failures import BridgeError  # noqa: E402
from berth_bridge.process import pin_environment  # noqa: E402

pin_environment(1)

import numpy  # noqa: E402
import torch  # noqa: E402

from berth_bridge import embed_model  # noqa: E402

TEXTS = [f"cargo {n} " + "grain and timber " * (n % 5) for n in range(24)] + ["a q within"]


def embed(model: str, folder: str):
    texts, output = os.path.join(folder, "texts.jsonl"), os.path.join(folder, "vectors.f32")
    Path(texts).write_text("".join(json.dumps(text) + "\n" for text in TEXTS), encoding="utf-8")
    params = dict(model=model, texts=texts, output=output, pooling="mean", normalize=True, dimensions=256)
    answer = embed_texts({**params, "maxTokens": 128, "batching": "length-sorted", "threads": 1}, Progress(lambda _: None))
    return answer, numpy.fromfile(output, "<f4").reshape(-1, 256)


def failing(forward, fails, widths: list):
    def run(*args, **kwargs):
        ids = kwargs["input_ids"]
        if error := fails(ids):
            raise error
        widths.append(ids.numel())
        return forward(*args, **kwargs)

    return run


def main(model: str, folder: str) -> None:
    _, expected = embed(model, folder)
    base = embed_model._kept.base
    forward, token = base.forward, embed_model._kept.tokenizer.convert_tokens_to_ids("q")
    result = {}

    sizes: list = []
    full = torch.OutOfMemoryError("no memory is left")
    base.forward = failing(forward, lambda ids: full if ids.numel() > 300 else None, sizes)
    answer, vectors = embed(model, folder)
    result["scarce"] = {
        "refused": answer["refused"],
        "largest": max(sizes),
        "difference": float(abs(vectors - expected).max()),
    }

    bad = IndexError("index out of range in self")
    base.forward = failing(forward, lambda ids: bad if (ids == token).any() else None, [])
    answer, vectors = embed(model, folder)
    result["poison"] = {"refused": answer["refused"], "difference": float(abs(vectors - expected)[:-1].max())}

    for name, error in (("never fits", full), ("always fails", bad)):
        base.forward = failing(forward, lambda ids: error, [])
        try:
            embed(model, folder)
        except BridgeError as wrong:
            result[name] = wrong.type
        except Exception as wrong:
            result[name] = str(wrong)
    print(json.dumps(result))


main(*sys.argv[1:])
