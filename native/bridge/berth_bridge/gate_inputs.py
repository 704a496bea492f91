"""Token ids of the calibration text, in batches of similar length."""

import os
from dataclasses import dataclass

from .failures import BridgeError

MAX_TOKENS = 256
BATCH_TOKENS = 2048
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json", "tokenizer.model")


class Encoder:
    """The model's own tokenizer; where it has none, a text's bytes stand for token ids."""

    def __init__(self, folder: str):
        from transformers import AutoConfig

        config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        text_config = config.get_text_config()
        self._vocabulary = int(getattr(text_config, "vocab_size", 256))
        positions = getattr(text_config, "max_position_embeddings", None) or MAX_TOKENS
        # Some position tables begin after the padding index (RoBERTa), hence two fewer.
        self._max_tokens = max(1, min(MAX_TOKENS, int(positions) - 2))
        has_one = any(os.path.exists(os.path.join(folder, name)) for name in TOKENIZER_FILES)
        self._tokenizer = load_tokenizer(folder) if has_one else None

    def ids(self, text: str) -> list[int]:
        if self._tokenizer is None:
            return [byte % self._vocabulary for byte in text.encode()][: self._max_tokens]
        ids = self._tokenizer(text, truncation=True, max_length=self._max_tokens)["input_ids"]
        return ids or [0]


def load_tokenizer(folder: str):
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except Exception as error:
        raise BridgeError(
            "UnsupportedModel",
            f"{folder}: the model's tokenizer cannot be loaded: {type(error).__name__}: {error}",
        ) from error


@dataclass(frozen=True)
class Batch:
    ids: list[list[int]]

    def tensors(self, torch, device: str, pad_id: int = 0):
        """Ids padded on the right, and the mask that hides the padding."""
        width = max(map(len, self.ids))
        ids = torch.full((len(self.ids), width), pad_id, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, values in enumerate(self.ids):
            ids[row, : len(values)] = torch.tensor(values)
            mask[row, : len(values)] = 1
        return ids.to(device), mask.to(device)


def batches(texts: list[list[int]]) -> list[Batch]:
    """Sorted by length, so that little is padded; at most BATCH_TOKENS a batch, padding included."""
    result: list[Batch] = []
    current: list[list[int]] = []
    for ids in sorted(texts, key=len):
        if current and len(ids) * (len(current) + 1) > BATCH_TOKENS:
            result.append(Batch(current))
            current = []
        current.append(ids)
    return [*result, Batch(current)] if current else result
