"""transformers' own load, quantize, save: `reference.py < cases.json > digests.json`.

A case is {source, method, doubleQuant, skipModules, threads}; the answer per case is
{tensor: [dtype, shape, sha256]}. Nothing runs forward before the save: on CPUs with AVX512-BF16
that repacks the weights, and saving turns them back with loss.
"""

import hashlib
import json
import os
import struct
import sys
import tempfile

import torch
import transformers
from transformers import BitsAndBytesConfig


def digest(path: str) -> dict:
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        digests = {}
        for name, entry in header.items():
            start, end = entry["data_offsets"]
            file.seek(8 + length + start)
            sha256 = hashlib.sha256(file.read(end - start)).hexdigest()
            digests[name] = [entry["dtype"], entry["shape"], sha256]
    return digests


def quantization(case: dict) -> BitsAndBytesConfig:
    skip = case.get("skipModules")
    if case["method"] == "int8":
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=skip)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=case["method"],
        bnb_4bit_use_double_quant=case["doubleQuant"],
        llm_int8_skip_modules=skip,
    )


def run(case: dict) -> dict:
    torch.set_num_threads(case["threads"])
    with open(os.path.join(case["source"], "config.json"), encoding="utf-8") as file:
        class_ = getattr(transformers, json.load(file).get("architectures", ["AutoModel"])[0])
    model = class_.from_pretrained(
        case["source"], dtype="auto", quantization_config=quantization(case), device_map={"": "cpu"}
    )
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return digest(os.path.join(folder, "model.safetensors"))


json.dump([run(case) for case in json.load(sys.stdin)], sys.stdout)
