"""The required key set: every tensor that save_pretrained keeps, and where it comes from."""

from .dtypes import FLOATS, safetensors_name
from .failures import BridgeError
from .key_mapping import Loaded
from .reference_model import ReferenceModel

QUANTIZABLE = ("F32", "F16", "BF16")


def output_weights(
    reference: ReferenceModel, loaded: Loaded, outputs: dict[str, str], inspection: dict, method: str
) -> list[dict]:
    """records.ts, Modules.weights. @raise InvalidModel naming what is missing or misshapen"""
    from transformers.core_model_loading import dot_natural_key

    records = {record["name"]: record for record in inspection["tensors"]}
    sources = _sources_by_identity(reference, loaded)
    weights = []
    # Layers in their natural order (2 before 10), which is also the order of most files.
    for key, name in sorted(outputs.items(), key=lambda item: dot_natural_key(item[0])):
        parameter = reference.model.get_parameter_or_buffer(name)
        source = sources.get(id(parameter))
        if source is None:
            raise BridgeError(
                "InvalidModel",
                f"{name}: {type(reference.model).__name__} needs it, but no file of the source holds it; "
                "transformers would make it up at random",
            )
        action = method if reference.quantizes(name) else "keep"
        transposed = action != "keep" and _is_transposed(reference, name)
        shape = list(parameter.shape)
        _check_shape(records[source], shape[::-1] if transposed else shape, name)
        dtype = safetensors_name(_load_dtype(reference, name, parameter, action))
        if action != "keep":
            _check_quantizable(records[source], dtype)
        weights.append(
            {
                "key": key,
                "source": source,
                "action": action,
                "dtype": dtype,
                "shape": shape,
                "transposed": transposed,
            }
        )
    return weights


def _sources_by_identity(reference: ReferenceModel, loaded: Loaded) -> dict[int, str]:
    """By parameter object, so that a tied weight finds the name that the source has."""
    return {
        id(reference.model.get_parameter_or_buffer(name)): source
        for name, source in loaded.by_parameter.items()
    }


def _is_transposed(reference: ReferenceModel, name: str) -> bool:
    from transformers.pytorch_utils import Conv1D
    from transformers.quantizers.quantizers_utils import get_module_from_name

    module, _ = get_module_from_name(reference.model, name)
    return issubclass(module.source_cls, Conv1D)


def _load_dtype(reference: ReferenceModel, name: str, parameter, action: str):
    """Step 3 of transformers' convert_and_load_state_dict_in_model."""
    from transformers.core_model_loading import build_glob_alternation

    if reference.dtype_plan:
        pattern, group_names, _ = build_glob_alternation(list(reference.dtype_plan))
        match = pattern.search(name)
        if match is not None:
            return reference.dtype_plan[group_names[match.lastgroup]]
    return parameter.dtype if action == "keep" else reference.dtype


def _check_shape(record: dict, expected: list[int], name: str) -> None:
    if record["shape"] != expected:
        raise BridgeError(
            "InvalidModel",
            f"{record['file']}: {record['name']} has shape {record['shape']}, but {name} of the model "
            f"that config.json describes has {expected}",
        )


def _check_quantizable(record: dict, dtype: str) -> None:
    if record["dtype"] not in FLOATS or dtype not in QUANTIZABLE:
        raise BridgeError(
            "UnsupportedModel",
            f"{record['name']}: stored as {record['dtype']} and loaded as {dtype}, but bitsandbytes "
            f"quantizes {', '.join(QUANTIZABLE)} only",
        )
