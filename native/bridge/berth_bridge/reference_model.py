"""The model that transformers would build and quantize, on the meta device: names and shapes only.

Follows PreTrainedModel.from_pretrained of transformers 5 step by step with its own functions, so
that a decision (which modules, which dtype, which names) is transformers' and not a copy of it.
"""

from dataclasses import dataclass
from typing import Any

from .documents import read_json
from .dtypes import torch_dtype
from .failures import BridgeError


@dataclass
class ReferenceModel:
    model: Any
    quantizer: Any
    dtype: Any
    """torch dtype that the model loads with."""
    dtype_plan: dict
    conversions: list

    def quantizes(self, key: str) -> bool:
        return self.quantizer.param_needs_quantization(self.model, key)


def build_reference(torch, class_, config, quantization, inspection: dict) -> ReferenceModel:
    """@param quantization transformers' BitsAndBytesConfig"""
    from transformers.conversion_mapping import get_model_conversion_mapping
    from transformers.modeling_utils import _get_dtype
    from transformers.quantizers.auto import get_hf_quantizer

    meta = meta_tensors(torch, inspection)
    quantizer, config, _ = get_hf_quantizer(config, quantization, {"": "cpu"}, True, {})
    # Where the config is silent, the index decides, else the first file's first float tensor.
    index = index_metadata(inspection)
    config, dtype = _get_dtype("auto", None, config, index, first_file(meta, inspection), True, quantizer)
    if not dtype.is_floating_point:
        raise BridgeError("UnsupportedModel", f"config.json: cannot quantize a model of dtype {dtype}")
    model = _on_meta(class_, config, dtype, quantizer)
    conversions = get_model_conversion_mapping(model, None, quantizer)
    return ReferenceModel(model, quantizer, dtype, model._get_dtype_plan(dtype), conversions)


def _on_meta(class_, config, dtype, quantizer):
    from transformers.modeling_utils import ContextManagers

    context = class_.get_init_context(dtype, True, False, False)
    try:
        with ContextManagers(context):
            model = class_(config)
            quantizer.preprocess_model(model=model, dtype=dtype, device_map={"": "cpu"})
    except BridgeError:
        raise
    except Exception as error:
        raise BridgeError(
            "InvalidModel",
            f"config.json: {class_.__name__} cannot be built from it: {type(error).__name__}: {error}",
        ) from error
    return model


def meta_tensors(torch, inspection: dict) -> dict:
    """Every source tensor by name, without its data."""
    return {
        tensor["name"]: torch.empty(
            tensor["shape"], dtype=torch_dtype(torch, tensor["dtype"]), device="meta"
        )
        for tensor in inspection["tensors"]
    }


def first_file(meta: dict, inspection: dict) -> dict:
    """Tensors of the first weights file, in the order of safetensors' `keys()`, which is by name."""
    first = min(tensor["file"] for tensor in inspection["tensors"])
    names = sorted(tensor["name"] for tensor in inspection["tensors"] if tensor["file"] == first)
    return {name: meta[name] for name in names}


def index_metadata(inspection: dict) -> dict | None:
    record = next((file for file in inspection["files"] if file["role"] == "index"), None)
    return None if record is None else read_json(record["realPath"]).get("metadata", {})
