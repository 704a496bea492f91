"""Loads models as a consumer would, with stock transformers and none of their code."""

import json
import os

from .config_checks import reference_class
from .failures import BridgeError
from .source_view import source_view


def load_original(torch, inspection: dict, device: str):
    with source_view(inspection, ["weights", "index", "config"]) as folder:
        return load_model(folder, device, "the original")


def load_candidate(torch, folder: str, device: str):
    return load_model(folder, device, "the candidate")


def load_model(folder: str, device: str, what: str, may_lack: tuple[str, ...] = ()):
    """A model of any folder, ready to run. @param may_lack prefixes of weights that nothing uses
    @raise BridgeError InvalidModel, UnsupportedModel"""
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
    missing = [key for key in info["missing_keys"] if not key.startswith(may_lack)]
    wrong = sorted(map(str, [*missing, *info["mismatched_keys"]]))
    if wrong:
        raise BridgeError("InvalidModel", f"{what} does not load: {wrong[0]} is missing or misshapen")
    _avoid_packing(model)
    return model.eval()


def _avoid_packing(model) -> None:
    """On CPUs with AVX512-BF16 bitsandbytes 0.50 repacks 4-bit weights in their first forward pass.
    That rounds their absmax to bfloat16, makes private copies of what is mapped, fails where a layer
    has not a multiple of 32 rows, and takes longer than it saves on a calibration text. The general
    path measures what is stored."""
    for module in model.modules():
        if getattr(module, "support_avx512bf16_for_cpu", False):
            module.support_avx512bf16_for_cpu = False
