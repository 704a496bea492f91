"""config.json as the consumer sees it: transformers' own, with an explicit quantization_config."""

from .quantization_state import saved_config
from .reference_model import ReferenceModel


def output_config(reference: ReferenceModel, method: str, double_quant: bool, skipped: list[str]) -> dict:
    """Follows save_pretrained of model and config."""
    model = reference.model
    dtype = str(reference.dtype).removeprefix("torch.")
    config = model.config
    config.dtype = dtype
    config.architectures = [type(model).__name__]
    config.quantization_config = saved_config(method, double_quant, skipped, dtype)
    fields = config._encode_special_floats(config.to_diff_dict())
    return dict(sorted(fields.items()))
