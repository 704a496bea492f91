"""Keys beside a quantized weight (bitsandbytes QuantState.as_dict, nn.Linear8bitLt)."""

FOUR_BIT_STATE = ("absmax", "quant_map")
NESTED_STATE = ("nested_absmax", "nested_quant_map")


def state_keys(weight: str, method: str, double_quant: bool) -> list[str]:
    if method == "int8":
        module = weight.removesuffix(".weight")
        return [f"{module}.SCB", f"{module}.weight_format"]
    parts = FOUR_BIT_STATE + (NESTED_STATE if double_quant else ())
    return [*(f"{weight}.{part}" for part in parts), f"{weight}.quant_state.bitsandbytes__{method}"]


def bits_and_bytes_config(method: str, double_quant: bool, skip_modules: list[str] | None):
    """What a person would pass to from_pretrained; the compute dtype does not touch stored bytes."""
    from transformers import BitsAndBytesConfig

    if method == "int8":
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=skip_modules)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=method,
        bnb_4bit_use_double_quant=double_quant,
        llm_int8_skip_modules=skip_modules,
    )


def saved_config(method: str, double_quant: bool, skipped: list[str], dtype: str) -> dict:
    """`quantization_config` of the output. Both load flags are stated, because vLLM takes an absent
    load_in_4bit for true; the skip list is exact, because it replaces every default."""
    common = {
        "quant_method": "bitsandbytes",
        "load_in_4bit": method != "int8",
        "load_in_8bit": method == "int8",
        "llm_int8_skip_modules": skipped,
    }
    if method == "int8":
        return {**common, "llm_int8_threshold": 6.0, "llm_int8_has_fp16_weight": False}
    return {
        **common,
        "bnb_4bit_quant_type": method,
        "bnb_4bit_use_double_quant": double_quant,
        "bnb_4bit_compute_dtype": dtype,
        "bnb_4bit_quant_storage": "uint8",
    }
