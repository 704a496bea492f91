"""A folder that shows transformers the inspected files and nothing else of the source."""

import os
import tempfile
from contextlib import contextmanager
from typing import Iterable, Iterator


@contextmanager
def source_view(inspection: dict, roles: Iterable[str]) -> Iterator[str]:
    """Temporary folder of symlinks to the inspected files of these roles."""
    wanted = set(roles)
    with tempfile.TemporaryDirectory(prefix="berth-view-") as folder:
        for record in inspection["files"]:
            if record["role"] not in wanted:
                continue
            link = os.path.join(folder, record["path"])
            os.makedirs(os.path.dirname(link), exist_ok=True)
            os.symlink(record["realPath"], link)
        yield folder
