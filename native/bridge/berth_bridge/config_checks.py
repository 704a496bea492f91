"""What a source's config.json must and must not say before a model is built from it."""

import json

from .failures import BridgeError
from .source_view import source_view


def read_source_config(inspection: dict) -> dict:
    """config.json of the inspected source. @raise InvalidModel, UnsupportedModel"""
    record = next((file for file in inspection["files"] if file["path"] == "config.json"), None)
    if record is None:
        raise BridgeError("InvalidModel", f"{inspection['source']}: has no config.json")
    try:
        with open(record["realPath"], encoding="utf-8") as file:
            config = json.load(file)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BridgeError("InvalidModel", f"config.json: cannot be read as JSON: {error}") from error
    if not isinstance(config, dict):
        raise BridgeError("InvalidModel", "config.json: expected an object")
    _refuse(config)
    return config


def _refuse(config: dict) -> None:
    if "auto_map" in config:
        raise BridgeError("UnsafeSource", "config.json: auto_map names code of the model's own; refused")
    if config.get("quantization_config") is not None:
        raise BridgeError(
            "UnsupportedModel",
            "config.json: the model is quantized already; ingest the original, or use --quantize none",
        )
    if config.get("is_encoder_decoder"):
        raise BridgeError(
            "UnsupportedModel",
            "config.json: encoder-decoder models have no accuracy gate yet; use --quantize none",
        )
    for key in ("fusion_config", "transformers_weights"):
        if config.get(key) is not None:
            raise BridgeError("UnsupportedModel", f"config.json: {key} is not supported")


def load_config(source_config: dict, inspection: dict):
    """transformers' config object; of the source, only config.json is in its sight."""
    from transformers import CONFIG_MAPPING, AutoConfig

    model_type = source_config.get("model_type")
    if not isinstance(model_type, str) or model_type not in CONFIG_MAPPING:
        raise BridgeError(
            "UnsupportedModel", f"config.json: transformers knows no model_type {model_type!r}"
        )
    try:
        with source_view(inspection, ["config"]) as folder:
            return AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except Exception as error:
        raise BridgeError("InvalidModel", f"config.json: {type(error).__name__}: {error}") from error


def reference_class(source_config: dict, config):
    """The class that transformers loads: config.architectures[0], AutoModel's only if absent."""
    import transformers

    names = source_config.get("architectures")
    if not names:
        from transformers.models.auto.modeling_auto import MODEL_MAPPING

        found = MODEL_MAPPING.get(type(config), None)
        class_ = found[0] if isinstance(found, (list, tuple)) else found
        if class_ is None:
            raise BridgeError("UnsupportedModel", "config.json: names no architecture, nor does its type")
        return class_
    name = names[0] if isinstance(names, list) else names
    class_ = getattr(transformers, name, None) if isinstance(name, str) else None
    if not isinstance(class_, type) or not issubclass(class_, transformers.PreTrainedModel):
        raise BridgeError(
            "UnsupportedModel",
            f"config.json: transformers {transformers.__version__} has no model class {name!r}",
        )
    if class_.config_class is not None and not isinstance(config, class_.config_class):
        raise BridgeError(
            "InvalidModel",
            f"config.json: {name} is not a class for model_type {config.model_type!r}",
        )
    return class_
