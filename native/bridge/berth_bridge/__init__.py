"""The Python side of a Berth device worker: bitsandbytes and transformers behind a line protocol."""
