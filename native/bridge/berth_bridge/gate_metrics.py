"""Figures of the accuracy gate. Outputs that are not finite fail it: NaN compares as nothing."""

import math

from .failures import BridgeError

# Rows of logits compared at once: with a large vocabulary they are the greatest temporaries.
ROWS = 256


def compare_embeddings(torch, original, candidate, texts, device: str) -> dict:
    """Cosine similarity of the two models' mean-pooled embeddings, a text at a time."""
    similarities: list[float] = []
    for batch in texts:
        ids, mask = batch.tensors(torch, device)
        pooled = [
            _pooled(torch, model, ids, mask, name)
            for model, name in ((original, "the original"), (candidate, "the candidate"))
        ]
        cosine = torch.nn.functional.cosine_similarity(*pooled, dim=-1)
        similarities += cosine.tolist()
    _require_finite(all(map(math.isfinite, similarities)), "one of the models")
    return {"mean": sum(similarities) / len(similarities), "worst": min(similarities)}


def _pooled(torch, model, ids, mask, name: str):
    base = getattr(model, model.base_model_prefix, model)
    hidden = base(input_ids=ids, attention_mask=mask).last_hidden_state.double()
    weights = mask.unsqueeze(-1).double()
    # Whatever stands at padding is nobody's output.
    hidden = torch.where(weights > 0, hidden, 0.0)
    _require_finite(bool(torch.isfinite(hidden).all()), name)
    return (hidden * weights).sum(1) / weights.sum(1)


def compare_causal(torch, original, candidate, texts, device: str) -> dict:
    """Mean KL(original ‖ candidate) a token in nats, and how much perplexity grows."""
    divergence, tokens, worst = 0.0, 0, -math.inf
    losses, targets = [0.0, 0.0], 0
    for batch in texts:
        ids, mask = batch.tensors(torch, device)
        logits = [model(input_ids=ids, attention_mask=mask).logits for model in (original, candidate)]
        for row, values in enumerate(batch.ids):
            length = len(values)
            parts = [part[row, :length] for part in logits]
            total = _divergence(torch, *parts)
            divergence, tokens, worst = divergence + total, tokens + length, max(worst, total / length)
            for index, part in enumerate(parts):
                losses[index] += _loss(torch, part[:-1], ids[row, 1:length])
            targets += length - 1
    if targets == 0:
        raise BridgeError("InvalidRequest", "calibration: every line is a single token; expected sentences")
    growth = (losses[1] - losses[0]) / targets
    # Beyond it exp overflows; a model so far off has failed in any case.
    increase = math.expm1(min(growth, 700.0))
    return {"mean": divergence / tokens, "worst": worst, "perplexityIncrease": increase}


def _divergence(torch, original, candidate) -> float:
    total = 0.0
    for start in range(0, len(original), ROWS):
        parts = [(original, "the original"), (candidate, "the candidate")]
        logs = []
        for logits, name in parts:
            rows = logits[start : start + ROWS].float()
            _require_finite(bool(torch.isfinite(rows).all()), name)
            logs.append(torch.log_softmax(rows, dim=-1))
        kl = torch.nn.functional.kl_div(logs[1], logs[0], reduction="sum", log_target=True)
        total += float(kl)
    return total


def _loss(torch, logits, targets) -> float:
    """Sum of the next tokens' negative log-likelihoods."""
    return float(torch.nn.functional.cross_entropy(logits.float(), targets, reduction="sum"))


def _require_finite(finite: bool, name: str) -> None:
    if not finite:
        raise BridgeError(
            "AccuracyGateFailed", f"gate: the outputs of {name} are not finite, so nothing can be compared"
        )
