"""Decides how transformers would quantize a model: modules.json and the consumer's config.json."""

import time

from .config_checks import load_config, read_source_config, reference_class
from .documents import read_json, write_json
from .failures import BridgeError
from .key_mapping import match_sources, saved_keys, tie
from .output_config import output_config
from .output_weights import output_weights
from .process import pinned_torch, versions
from .quantization_state import bits_and_bytes_config, state_keys
from .quantized_modules import module_kind, quantized_and_skipped, refuse_experts
from .reference_model import build_reference, meta_tensors
from .sources import Sources
from .tied_values import same_values


def resolve_modules(params: dict, progress) -> dict:
    """Writes `modules` (records.ts, Modules) and `config`. @return a summary of them"""
    started = time.monotonic()
    inspection = read_json(params["inspection"])
    method = params["quantize"]
    double_quant = params["doubleQuant"] and method != "int8"
    skip = params.get("skipModules")
    torch = pinned_torch(params["threads"])
    with Sources(inspection) as sources:
        sources.file("config.json")
        source_config = read_source_config(inspection)
        config = load_config(source_config, inspection)
        class_ = reference_class(source_config, config)
        kind = module_kind(class_)
        quantization = bits_and_bytes_config(method, double_quant, skip)
        reference = build_reference(torch, class_, config, quantization, inspection)
        refuse_experts(reference.model)
        loaded = match_sources(reference, meta_tensors(torch, inspection))
        tie(reference, loaded, same_values(torch, inspection, sources, reference.dtype, progress))
        sources.check()

    quantized, skipped = quantized_and_skipped(reference.model)
    if not quantized:
        blame = "--skip-modules leaves" if skip else f"{class_.__name__} has"
        raise BridgeError("UnsupportedModel", f"{blame} nothing to quantize; use --quantize none")
    outputs = saved_keys(
        reference,
        lambda key: state_keys(key, method, double_quant) if reference.quantizes(key) else [],
    )
    weights = output_weights(reference, loaded, outputs, inspection, method)
    used = {weight["source"] for weight in weights}
    dropped = sorted(tensor["name"] for tensor in inspection["tensors"] if tensor["name"] not in used)
    write_json(
        params["modules"],
        {
            "architecture": class_.__name__,
            "kind": kind,
            "dtype": str(reference.dtype).removeprefix("torch."),
            "weights": weights,
            "droppedTensors": dropped,
            "skippedModules": skipped,
            "doubleQuant": double_quant,
            "tools": versions(),
        },
        indent=1,
    )
    write_json(params["config"], output_config(reference, method, double_quant, skipped), indent=2)
    return {
        "quantizedModules": sum(weight["action"] != "keep" for weight in weights),
        "droppedTensors": dropped,
        "kind": kind,
        "tools": versions(),
        "seconds": time.monotonic() - started,
    }
