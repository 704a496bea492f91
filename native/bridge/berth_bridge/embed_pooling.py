"""From token states to one vector a text, as sentence-transformers' Pooling and Normalize do it."""

POOLINGS = ("mean", "cls", "last")


def pool(torch, hidden, mask, pooling: str, dimensions: int, normalize: bool):
    """States (texts, tokens, width) and mask (texts, tokens) to float32 (texts, dimensions).

    Matryoshka models (Kusupati et al., 2022) are cut before they are normalised.
    """
    if pooling == "mean":
        weights = mask.unsqueeze(-1).float()
        # Whatever stands at padding is nobody's output, and NaN times nought is NaN.
        states = torch.where(weights > 0, hidden.float(), 0.0)
        vectors = (states * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
    else:
        positions = torch.arange(mask.shape[1], device=mask.device)
        places = torch.where(mask > 0, positions, -1 if pooling == "last" else mask.shape[1])
        chosen = places.amax(1) if pooling == "last" else places.amin(1)
        vectors = hidden[torch.arange(len(hidden), device=hidden.device), chosen].float()
    vectors = vectors[:, :dimensions]
    return torch.nn.functional.normalize(vectors, p=2, dim=1) if normalize else vectors
