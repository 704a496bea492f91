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
    """Names of quantized modules, and skip patterns that leave exactly the others unquantized."""
    import bitsandbytes as bnb
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    quantized, left = [], []
    for name, module in model.named_modules():
        if isinstance(module, (bnb.nn.Linear4bit, bnb.nn.Linear8bitLt)):
            quantized.append(name)
        elif type(module) is nn.Linear or isinstance(module, Conv1D):
            left.append(name)
    return quantized, sorted(_exact(name, quantized) for name in left)


def _exact(name: str, quantized: list[str]) -> str:
    """transformers also takes a pattern for a suffix, which may hit a module that is quantized."""
    from transformers.quantizers.quantizers_utils import should_convert_module

    if all(should_convert_module(other, [name]) for other in quantized):
        return name
    return f"^{re.escape(name)}$"
