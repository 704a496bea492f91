"""safetensors dtype names, their sizes and torch's names."""

SIZES = {
    "F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2,
    "I16": 2, "U16": 2, "I8": 1, "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1,
}  # fmt: skip

TORCH_NAMES = {
    "F64": "float64", "I64": "int64", "U64": "uint64", "F32": "float32", "I32": "int32",
    "U32": "uint32", "F16": "float16", "BF16": "bfloat16", "I16": "int16", "U16": "uint16",
    "I8": "int8", "U8": "uint8", "BOOL": "bool", "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
}  # fmt: skip

SAFETENSORS_NAMES = {torch_name: name for name, torch_name in TORCH_NAMES.items()}

FLOATS = ("F64", "F32", "F16", "BF16")


def torch_dtype(torch, name: str):
    return getattr(torch, TORCH_NAMES[name])


def safetensors_name(dtype) -> str:
    """safetensors' name of a torch dtype."""
    return SAFETENSORS_NAMES[str(dtype).removeprefix("torch.")]
