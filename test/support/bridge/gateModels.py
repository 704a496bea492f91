"""Writes a tiny causal model without a tokenizer and three candidates: `gateModels.py <folder>`."""

import os
import sys

import torch
from transformers import GPT2Config, GPT2LMHeadModel


def model(noise: float, value: float | None = None) -> GPT2LMHeadModel:
    torch.manual_seed(5)
    made = GPT2LMHeadModel(GPT2Config(vocab_size=300, n_positions=128, n_embd=64, n_layer=2, n_head=4))
    with torch.no_grad():
        weight = made.transformer.h[0].mlp.c_fc.weight
        weight += noise * torch.randn_like(weight)
        if value is not None:
            made.transformer.ln_f.bias[3] = value
    return made


def main(folder: str) -> None:
    for name, made in {
        "original": model(0),
        "same": model(0),
        "noisy": model(0.2),
        "nan": model(0, float("nan")),
    }.items():
        made.save_pretrained(os.path.join(folder, name))


main(sys.argv[1])
