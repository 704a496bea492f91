"""Berth's bridge with one method replaced: `resolveModules` occupies the device for a while, records it
with the device, and keeps the device until the process ends.

`journal_bridge.py <journal folder> --threads N --parent PID`; the method's `skipModules` holds one
JSON document: `leaseId`, `device` of the lease, `seconds`.
"""

import json
import sys
import time

from berth_bridge import __main__ as bridge
from berth_bridge.methods import METHODS
from device_journal import Journal

TICK_SECONDS = 0.2
journals = {}


def occupy(params, progress):
    order = json.loads(params["skipModules"][0])
    device = order["device"]
    if device["epoch"] not in journals:
        journal = journals[device["epoch"]] = Journal(folder, "activity", order["leaseId"], device)
        journal.begin(lease=order["lease"])
    until = time.monotonic() + order["seconds"]
    progress.expect(1_000_000)
    while time.monotonic() < until:
        time.sleep(TICK_SECONDS)
        progress.add(1)
    journals[device["epoch"]].write("end")
    return {
        "quantizedModules": 0,
        "droppedTensors": [],
        "kind": "encoder",
        "tools": {},
        "seconds": order["seconds"],
    }


if __name__ == "__main__":
    folder = sys.argv.pop(1)
    METHODS["resolveModules"] = occupy
    bridge.main()
