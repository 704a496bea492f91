"""Writes a shallow Llama of about 450 MB whose tensors are large: `wideModel.py <folder>`."""

import sys

import torch
from transformers import LlamaConfig, LlamaForCausalLM

torch.manual_seed(9)
torch.set_default_dtype(torch.bfloat16)
LlamaForCausalLM(
    LlamaConfig(
        vocab_size=64000,
        hidden_size=1024,
        intermediate_size=32768,
        num_hidden_layers=1,
        num_attention_heads=8,
        num_key_value_heads=2,
        tie_word_embeddings=False,
    )
).save_pretrained(sys.argv[1])
