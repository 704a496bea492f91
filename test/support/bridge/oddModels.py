"""Writes checkpoints that transformers renames, ties, casts or refuses: `oddModels.py <folder>`."""

import json
import os
import shutil
import sys

import torch
from safetensors.torch import load_file, save_file
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    LlamaConfig,
    LlamaForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
)

FOLDER = sys.argv[1]
WEIGHTS = "model.safetensors"


def bert(class_=BertModel):
    torch.manual_seed(6)
    return class_(
        BertConfig(
            vocab_size=200,
            hidden_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=96,
            max_position_embeddings=64,
        )
    )


def llama(tied: bool):
    torch.manual_seed(7)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=200,
            hidden_size=64,
            intermediate_size=160,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            tie_word_embeddings=tied,
        )
    )


def edit(name: str, weights=None, config=None) -> None:
    """Alters a saved model's tensors and config.json in place."""
    path = os.path.join(FOLDER, name, WEIGHTS)
    if weights is not None:
        save_file(weights(load_file(path)), path + ".new", metadata={"format": "pt"})
        os.replace(path + ".new", path)
    place = os.path.join(FOLDER, name, "config.json")
    with open(place, encoding="utf-8") as file:
        values = json.load(file)
    values.update(config or {})
    with open(place, "w", encoding="utf-8") as file:
        json.dump({key: value for key, value in values.items() if value != "REMOVE"}, file)


def copy(name: str, to: str, weights=None, config=None) -> None:
    shutil.copytree(os.path.join(FOLDER, name), os.path.join(FOLDER, to))
    edit(to, weights, config)


def legacy(tensors: dict) -> dict:
    names = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    return {
        next((k.replace(new, old) for new, old in names.items() if k.endswith(new)), k): v
        for k, v in tensors.items()
    }


def without(*endings: str):
    return lambda tensors: {k: v for k, v in tensors.items() if not k.endswith(endings)}


def with_head(change):
    def add(tensors: dict) -> dict:
        embedding = tensors["model.embed_tokens.weight"]
        return {**tensors, "lm_head.weight": change(embedding.clone())}

    return add


def head_only(tensors: dict) -> dict:
    tensors["lm_head.weight"] = tensors.pop("model.embed_tokens.weight")
    return tensors


def mixed(tensors: dict) -> dict:
    return {k: v.half() if "norm" in k or "down_proj" in k else v for k, v in tensors.items()}


def transposed_bias(tensors: dict) -> dict:
    tensors["pooler.dense.bias"] = tensors["pooler.dense.bias"][:-1].clone()
    return tensors


def huge(tensors: dict) -> dict:
    tensors["encoder.layer.1.output.dense.weight"][0, 0] = 1e6
    return tensors


bert().save_pretrained(os.path.join(FOLDER, "bert"))
bert(BertForSequenceClassification).save_pretrained(os.path.join(FOLDER, "classifier"))
llama(True).save_pretrained(os.path.join(FOLDER, "tied"))

# What transformers loads.
copy("classifier", "prefixed", config={"architectures": ["BertModel"]})
copy("bert", "no-architecture", config={"architectures": "REMOVE"})
copy("bert", "legacy", legacy)
copy("tied", "both-equal", with_head(lambda head: head))
copy("tied", "both-different", with_head(lambda head: head + 0.5))
copy("tied", "head-only", head_only)
copy("tied", "mixed", mixed, {"dtype": "bfloat16"})
copy("tied", "no-dtype", mixed, {"dtype": "REMOVE"})

# What we refuse.
copy("bert", "missing", without("layer.0.attention.self.query.weight"))
copy("bert", "misshapen", transposed_bias)
copy("bert", "huge", huge)
copy("bert", "unknown", config={"architectures": ["BertForTimeTravel"]})
copy("bert", "quantized", config={"quantization_config": {"quant_method": "bitsandbytes", "load_in_8bit": True}})
torch.manual_seed(8)
MixtralForCausalLM(
    MixtralConfig(
        vocab_size=100,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
        num_local_experts=2,
    )
).save_pretrained(os.path.join(FOLDER, "experts"))
