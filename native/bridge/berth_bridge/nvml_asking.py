"""Two habits of NVML: not every GPU or driver offers every figure, and older ones answer in bytes."""


def ask(nvml, function, *arguments):
    """None where the GPU or the driver does not offer the figure."""
    try:
        return function(*arguments)
    except nvml.NVMLError:
        return None


def text(value) -> str:
    return value.decode() if isinstance(value, bytes) else value
