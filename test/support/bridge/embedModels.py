"""Writes small random models that embed: `embedModels.py <tiny encoder> <new folder>`.

`decoder`: a Qwen3 with a language model's head; `poisoned`: the tiny encoder, whose states are NaN
wherever the token of "q" stands."""

import shutil
import sys
from pathlib import Path

import torch
from transformers import AutoModel, AutoTokenizer, Qwen3Config, Qwen3ForCausalLM


def main(encoder: str, work: str) -> None:
    torch.manual_seed(20240607)
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    config = Qwen3Config(
        vocab_size=1000,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        intermediate_size=128,
        max_position_embeddings=256,
    )
    Qwen3ForCausalLM(config).eval().save_pretrained(Path(work, "decoder"))
    tokenizer.save_pretrained(Path(work, "decoder"))

    poisoned = AutoModel.from_pretrained(encoder)
    with torch.no_grad():
        poisoned.embeddings.word_embeddings.weight[tokenizer.convert_tokens_to_ids("q")] = torch.nan
    shutil.copytree(encoder, Path(work, "poisoned"))
    poisoned.save_pretrained(Path(work, "poisoned"))


main(*sys.argv[1:])
