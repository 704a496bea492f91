"""Writes the models of the byte-equality tests: `tinyModels.py <folder> <folder of MiniLM>`.

Each in float32, bfloat16 and float16, as `<folder>/<name>-<dtype>`.
"""

import os
import shutil
import sys

import torch
from transformers import BertModel, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

DTYPES = ("float32", "bfloat16", "float16")


def tiny_llama() -> LlamaForCausalLM:
    """Grouped-query attention, tied embeddings, and projections of 2,097,152 elements: from there
    on the offset of a double quantization depends on the number of threads."""
    torch.manual_seed(1)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=640,
            hidden_size=256,
            intermediate_size=8192,
            num_hidden_layers=2,
            num_attention_heads=8,
            num_key_value_heads=2,
            max_position_embeddings=128,
            tie_word_embeddings=True,
        )
    )


def tiny_gpt2() -> GPT2LMHeadModel:
    """Conv1D, with widths that are no multiple of the block of 64."""
    torch.manual_seed(2)
    return GPT2LMHeadModel(GPT2Config(vocab_size=515, n_positions=96, n_embd=100, n_layer=2, n_head=5))


def untied_llama() -> LlamaForCausalLM:
    """Rows of zeros, and a width of which no power of two is a divisor beyond 8."""
    torch.manual_seed(3)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=333,
            hidden_size=72,
            intermediate_size=200,
            num_hidden_layers=11,
            num_attention_heads=6,
            num_key_value_heads=3,
            tie_word_embeddings=False,
        )
    )
    with torch.no_grad():
        model.model.layers[0].mlp.down_proj.weight[:5] = 0
        model.model.layers[1].mlp.down_proj.weight[:, 40:] = 0
    return model


def main(folder: str, minilm: str) -> None:
    makers = {
        "minilm": lambda: BertModel.from_pretrained(minilm),
        "llama": tiny_llama,
        "gpt2": tiny_gpt2,
        "untied": untied_llama,
    }
    for name, make in makers.items():
        for dtype in DTYPES:
            model = make().to(getattr(torch, dtype))
            model.save_pretrained(os.path.join(folder, f"{name}-{dtype}"))
    # As it is published: with position_ids, which transformers drops.
    shutil.rmtree(os.path.join(folder, "minilm-float32"))
    shutil.copytree(minilm, os.path.join(folder, "minilm-float32"))
    untied_llama().save_pretrained(os.path.join(folder, "sharded"), max_shard_size="500KB")


main(sys.argv[1], sys.argv[2])
