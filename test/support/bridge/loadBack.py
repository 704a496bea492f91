"""Loads model folders with stock transformers and runs them: `loadBack.py < folders.json`.

Prints a list of {missing, unexpected, mismatched, finite, quantized}, one a folder.
"""

import json
import os
import sys

import torch
import transformers


def check(folder: str) -> dict:
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
        class_ = getattr(transformers, json.load(file)["architectures"][0])
    model, info = class_.from_pretrained(folder, output_loading_info=True, attn_implementation="eager")
    for module in model.modules():
        # On CPUs with AVX512-BF16 bitsandbytes 0.50 asserts 32 rows at a time; the tiny models have others.
        if getattr(module, "support_avx512bf16_for_cpu", False):
            module.support_avx512bf16_for_cpu = False
    with torch.inference_mode():
        output = model(input_ids=torch.arange(24).view(2, 12))[0]
    return {
        **{kind: sorted(map(str, info[f"{kind}_keys"])) for kind in ("missing", "unexpected", "mismatched")},
        "finite": bool(torch.isfinite(output).all()),
        "quantized": sum("Linear4bit" in str(type(m)) or "Linear8bit" in str(type(m)) for m in model.modules()),
    }


json.dump([check(folder) for folder in json.load(sys.stdin)], sys.stdout)
