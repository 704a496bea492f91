"""Loads original and candidate as a consumer would, with stock transformers and none of their code."""

import json
import os

from .config_checks import reference_class
from .failures import BridgeError
from .source_view import source_view

PACKED_ROWS = 32


def load_original(torch, inspection: dict, device: str):
    with source_view(inspection, ["weights", "index", "config"]) as folder:
        return _load(folder, device, "the original")


def load_candidate(torch, folder: str, device: str):
    return _load(folder, device, "the candidate")


def _load(folder: str, device: str, what: str):
    from transformers import AutoConfig

    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
        source_config = json.load(file)
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    class_ = reference_class(source_config, config)
    model, info = class_.from_pretrained(
        folder,
        dtype="auto",
        device_map={"": device},
        use_safetensors=True,
        local_files_only=True,
        # Every architecture has it, and a config cannot ask for a kernel from elsewhere.
        attn_implementation="eager",
        output_loading_info=True,
    )
    # Missing weights would be made up at random, in both models alike only by chance.
    wrong = sorted(map(str, [*info["missing_keys"], *info["mismatched_keys"]]))
    if wrong:
        raise BridgeError("InvalidModel", f"{what} does not load: {wrong[0]} is missing or misshapen")
    _avoid_packing(model)
    return model.eval()


def _avoid_packing(model) -> None:
    """bitsandbytes 0.50 packs 4-bit weights for CPUs with AVX512-BF16 in 32 rows at a time, and
    asserts where a layer has another number of them; such layers take its general path."""
    for module in model.modules():
        packs = getattr(module, "support_avx512bf16_for_cpu", False)
        if packs and module.out_features % PACKED_ROWS != 0:
            module.support_avx512bf16_for_cpu = False
