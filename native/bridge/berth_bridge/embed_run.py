"""One call's texts through the model: batches, what to do when one fails, and what was found."""

from .embed_batches import fixed, length_sorted, token_budget
from .embed_pooling import POOLINGS, pool
from .failures import BridgeError, is_memory, one_line
from .gate_inputs import Batch
from .gate_progress import innermost_modules

FIXED_BATCH = 32


class Run:
    def __init__(self, torch, model, params: dict, progress):
        if params["pooling"] not in POOLINGS:
            raise BridgeError("InvalidRequest", f"pooling {params['pooling']!r}: expected one of {POOLINGS}")
        self._torch = torch
        self._model = model
        self._params = params
        self._progress = progress
        self._budget = params.get("tokenBudget") or token_budget(model.device)
        self._batch_texts = 0
        self.tokens = 0
        self.refused: dict[int, str] = {}
        self.not_finite: list[int] = []

    def embed(self, texts: list[str]):
        """@return tensor (texts, dimensions), zeros where there is no vector"""
        vectors = self._torch.zeros((len(texts), self._params["dimensions"]))
        ids = self._tokenize(texts)
        modules = innermost_modules(self._model.base)
        # A module of a text is a step: a large model takes minutes for a batch on a CPU.
        self._progress.expect_more(len(modules) * len(texts))
        hooks = [
            module.register_forward_hook(lambda *_: self._progress.add(self._batch_texts)) for module in modules
        ]
        try:
            failures = self._run_all(ids, vectors)
        finally:
            for hook in hooks:
                hook.remove()
        # Nothing but refusals is no property of the texts.
        if len(failures) == len(ids) > 1:
            raise failures[-1]
        return vectors

    def _tokenize(self, texts: list[str]) -> dict[int, list[int]]:
        try:
            found = dict(enumerate(self._ids(texts))) if texts else {}
        except Exception:
            found = {}
            for index, text in enumerate(texts):
                try:
                    found[index] = self._ids([text])[0]
                except Exception as error:
                    self.refused[index] = _why_not_tokens(text, error)
        for index in [index for index, values in found.items() if not values]:
            self.refused[index] = "holds no token"
            del found[index]
        self.tokens = sum(map(len, found.values()))
        return found

    def _ids(self, texts: list[str]) -> list[list[int]]:
        encoded = self._model.tokenizer(texts, truncation=True, max_length=self._params["maxTokens"])
        return encoded["input_ids"]

    def _run_all(self, ids: dict[int, list[int]], vectors) -> list[Exception]:
        lengths = {index: len(values) for index, values in ids.items()}
        failures: list[Exception] = []
        waiting = self._batches(lengths)
        waiting.reverse()
        while waiting:
            batch = waiting.pop()
            try:
                self._run(batch, ids, vectors)
            except Exception as error:
                if is_memory(error):
                    rest = {index: lengths[index] for part in [*waiting, batch] for index in part}
                    waiting = self._smaller(rest, batch, error)
                elif self._model.device != "cpu":
                    # A kernel that failed leaves the device in an unknown state.
                    raise
                elif len(batch) > 1:
                    middle = len(batch) // 2
                    waiting += [batch[middle:], batch[:middle]]
                else:
                    failures.append(error)
                    self.refused[batch[0]] = f"the model fails: {type(error).__name__}: {one_line(str(error))}"
        return failures

    def _batches(self, lengths: dict[int, int]) -> list[list[int]]:
        if self._params["batching"] == "fixed":
            return fixed(lengths, self._params.get("batchSize") or FIXED_BATCH)
        return length_sorted(lengths, self._budget)

    def _smaller(self, rest: dict[int, int], batch: list[int], error: Exception) -> list[list[int]]:
        """Half of what did not fit, for this call's other texts too."""
        if len(batch) == 1:
            raise error
        if self._model.device != "cpu":
            self._torch.cuda.empty_cache()
        self._budget = max(1, max(rest[index] for index in batch) * len(batch) // 2)
        return list(reversed(length_sorted(rest, self._budget)))

    def _run(self, batch: list[int], ids: dict[int, list[int]], vectors) -> None:
        found = self._forward(batch, ids)
        finite = self._torch.isfinite(found).all(1).tolist()
        rows = [row for row, good in enumerate(finite) if good]
        vectors[[batch[row] for row in rows]] = found[rows]
        for row, index in enumerate(batch):
            if finite[row]:
                continue
            if len(batch) > 1:
                # Perhaps only beside the others, whose numbers it may have shared.
                self._run([index], ids, vectors)
            else:
                self.not_finite.append(index)

    def _forward(self, batch: list[int], ids: dict[int, list[int]]):
        params, model = self._params, self._model
        self._batch_texts = len(batch)
        inputs, mask = Batch([ids[index] for index in batch]).tensors(self._torch, model.device, model.pad_id)
        hidden = model.base(input_ids=inputs, attention_mask=mask, **model.options).last_hidden_state
        pooled = pool(self._torch, hidden, mask, params["pooling"], params["dimensions"], params["normalize"])
        return pooled.cpu()


def _why_not_tokens(text: str, error: Exception) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half of a surrogate pair, which is no character"
    return f"the tokenizer fails: {type(error).__name__}: {one_line(str(error))}"
