"""Writes a random Llama of about so many bytes in bfloat16: `syntheticLlama.py <folder> <bytes>`."""

import json
import os
import sys

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

SHARD_BYTES = 512 << 20


def configuration(total_bytes: int) -> LlamaConfig:
    """Layers of the width of a 1-billion-parameter model, as many as fit."""
    config = LlamaConfig(
        vocab_size=32000,
        hidden_size=2048,
        intermediate_size=5632,
        num_attention_heads=32,
        num_key_value_heads=4,
        num_hidden_layers=1,
        tie_word_embeddings=True,
    )
    config.architectures = ["LlamaForCausalLM"]
    config.dtype = "bfloat16"
    sizes = [2 * parameter.numel() for parameter in on_meta(config).parameters()]
    embedding = 2 * config.vocab_size * config.hidden_size
    layer = sum(sizes) - embedding
    config.num_hidden_layers = max(1, round((total_bytes - embedding) / layer))
    return config


def on_meta(config: LlamaConfig) -> LlamaForCausalLM:
    with torch.device("meta"):
        return LlamaForCausalLM(config)


def main(folder: str, total_bytes: int) -> None:
    config = configuration(total_bytes)
    generator = torch.Generator().manual_seed(4)
    shards: list[dict] = [{}]
    room = SHARD_BYTES
    index: dict[str, str] = {}
    for name, parameter in on_meta(config).named_parameters():
        if room < 2 * parameter.numel() and shards[-1]:
            flush(folder, shards, index)
            room = SHARD_BYTES
        values = torch.randn(parameter.shape, generator=generator).mul_(0.02).bfloat16()
        shards[-1][name] = values
        room -= 2 * parameter.numel()
    flush(folder, shards, index)
    with open(os.path.join(folder, "model.safetensors.index.json"), "w", encoding="utf-8") as file:
        json.dump({"metadata": {}, "weight_map": index}, file)
    config.save_pretrained(folder)


def flush(folder: str, shards: list[dict], index: dict[str, str]) -> None:
    name = f"model-{len(shards):05}.safetensors"
    save_file(shards[-1], os.path.join(folder, name), metadata={"format": "pt"})
    index.update(dict.fromkeys(shards[-1], name))
    shards[-1] = {}
    shards.append({})


main(sys.argv[1], int(sys.argv[2]))
