"""The methods by name. Each imports what it needs when called: a bridge greets within a moment."""


def resolve_modules(params, progress):
    from .resolve import resolve_modules

    return resolve_modules(params, progress)


def quantize_shard(params, progress):
    from .quantize_shard import quantize_shard

    return quantize_shard(params, progress)


def evaluate_gate(params, progress):
    from .gate import evaluate_gate

    return evaluate_gate(params, progress)


def embed_texts(params, progress):
    from .embed import embed_texts

    return embed_texts(params, progress)


METHODS = {
    "resolveModules": resolve_modules,
    "quantizeShard": quantize_shard,
    "evaluateGate": evaluate_gate,
    "embedTexts": embed_texts,
}
