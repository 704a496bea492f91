"""transformers' own load, quantize, save: `loadQuantizeSave.py <source> <out> <method> <double> <threads>`.

Prints {seconds}, without the time of importing.
"""

import json
import sys
import time

import torch
from transformers import BitsAndBytesConfig, LlamaForCausalLM

source, out, method, double, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
quantization = (
    BitsAndBytesConfig(load_in_8bit=True)
    if method == "int8"
    else BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type=method, bnb_4bit_use_double_quant=double == "true"
    )
)
started = time.monotonic()
model = LlamaForCausalLM.from_pretrained(
    source, dtype="auto", quantization_config=quantization, device_map={"": "cpu"}
)
model.save_pretrained(out, max_shard_size="512MB")
print(json.dumps({"seconds": time.monotonic() - started}))
