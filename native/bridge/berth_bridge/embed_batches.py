"""Which texts run together. Padding costs as much as text, hence batches of similar length."""

# Attention's scores grow with the square of the length: beyond this many tokens a text, fewer fit.
LONG_TOKENS = 1024
GPU_TOKENS = 65_536
CPU_TOKENS = 4096


def token_budget(device: str) -> int:
    """Tokens a batch, padding included. A CPU is busy with few; a GPU has to be filled."""
    return CPU_TOKENS if device == "cpu" else GPU_TOKENS


def length_sorted(lengths: dict[int, int], budget: int) -> list[list[int]]:
    """Longest first, so that memory that runs out does so at once. @return batches of indices"""
    batches: list[list[int]] = []
    current: list[int] = []
    longest = 0
    for index in sorted(lengths, key=lambda index: -lengths[index]):
        if current and longest * (len(current) + 1) > _allowed(longest, budget):
            batches.append(current)
            current = []
        if not current:
            longest = lengths[index]
        current.append(index)
    return [*batches, current] if current else batches


def fixed(lengths: dict[int, int], size: int) -> list[list[int]]:
    """In the order of the texts. @return batches of indices"""
    indices = sorted(lengths)
    return [indices[start : start + size] for start in range(0, len(indices), size)]


def _allowed(longest: int, budget: int) -> int:
    return budget if longest <= LONG_TOKENS else budget * LONG_TOKENS // longest
