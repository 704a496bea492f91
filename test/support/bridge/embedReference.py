"""Embeds by the procedure of a sentence-transformers model card, a text at a time, with transformers alone:
`embedReference.py <model> <texts.json> <out.json> <pooling> <maxTokens>`."""

import json
import sys

import torch
from transformers import AutoModel, AutoTokenizer


def main(folder: str, texts: str, out: str, pooling: str, max_tokens: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder).eval()
    vectors = []
    with open(texts, encoding="utf-8") as file:
        for text in json.load(file):
            encoded = tokenizer([text], truncation=True, max_length=int(max_tokens), return_tensors="pt")
            with torch.no_grad():
                states = model(**encoded)[0][0]
            vector = {"mean": states.mean(0), "cls": states[0], "last": states[-1]}[pooling]
            vectors.append(torch.nn.functional.normalize(vector, dim=0).tolist())
    with open(out, "w", encoding="utf-8") as file:
        json.dump(vectors, file)


main(*sys.argv[1:])
