"""What kind of model it is, and which of its modules transformers quantized or left alone."""

import re

from .failures import BridgeError


def module_kind(class_) -> str:
    """`causal-lm` or `encoder`, which is what the accuracy gate compares."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    if class_.main_input_name != "input_ids":
        raise BridgeError(
            "UnsupportedModel",
            f"{class_.__name__} takes {class_.main_input_name}, not text: it has no accuracy gate yet; "
            "use --quantize none",
        )
    return "causal-lm" if class_.__name__ in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values() else "encoder"


def refuse_experts(model) -> None:
    """bitsandbytes quantizes nn.Linear only; experts are one 3-D parameter, most of the model."""
    for name, module in model.named_modules():
        for parameter_name, parameter in module.named_parameters(recurse=False):
            if "Experts" in type(module).__name__ and parameter.dim() >= 3:
                raise BridgeError(
                    "UnsupportedModel",
                    f"{name}.{parameter_name}: mixture-of-experts weights are fused, and bitsandbytes "
                    "cannot quantize them; use --quantize none",
                )


def quantized_and_skipped(model) -> tuple[list[str], list[str]]:
    """Names of quantized modules, and skip patterns that leave exactly the others unquantized.

    @raise UnsupportedModel where a module that cannot read quantized weights shares them
    """
    import bitsandbytes as bnb
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    readers = (bnb.nn.Linear4bit, bnb.nn.Linear8bitLt)
    quantized, left, shared = [], [], {}
    for name, module in model.named_modules():
        weight = getattr(module, "weight", None)
        is_quantized = isinstance(weight, (bnb.nn.Params4bit, bnb.nn.Int8Params))
        if isinstance(module, readers) and is_quantized:
            quantized.append(name)
        elif is_quantized:
            shared[id(weight)] = name
        # A linear layer that was to be quantized, but is tied to a weight that is not.
        elif isinstance(module, (*readers, Conv1D)) or type(module) is nn.Linear:
            left.append(name)
    for name in quantized:
        if (other := shared.get(id(model.get_submodule(name).weight))) is not None:
            raise BridgeError(
                "UnsupportedModel",
                f"{name}: its weight is tied to {other}, which cannot be quantized; "
                f"add {name} to --skip-modules",
            )
    return quantized, sorted(_exact(name, quantized) for name in left)


def _exact(name: str, quantized: list[str]) -> str:
    """transformers also takes a pattern for a suffix, which may hit a module that is quantized."""
    from transformers.quantizers.quantizers_utils import should_convert_module

    if all(should_convert_module(other, [name]) for other in quantized):
        return name
    return f"^{re.escape(name)}$"
