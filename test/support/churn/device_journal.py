"""What a device itself sees of those who use it, independent of what the pool believes.

`<folder>/<deviceId>.jsonl` gets one line an event, each by one write to a file opened with O_APPEND.
A holder also locks as many of the device's slot files (an eighth of its compute each) as its share
has, without waiting: the kernel gives a slot to one open file at a time and takes it back when the
last process that has it open is dead, so a slot that cannot be had proves two holders at a time.
"""

import fcntl
import json
import os
import time

SLOTS = 8
SLOT_MILLI = 1000 // SLOTS


def start_time(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return int(file.read().rpartition(")")[2].split()[19])


class Journal:
    def __init__(self, folder, kind, lease_id, device):
        self.folder = folder
        self.kind = kind
        self.lease_id = lease_id
        self.device = device
        self.slots = []

    def begin(self, **more):
        """Takes the slots of the share; a `clash` line instead of a `begin` when they are not free."""
        wanted = self.device["milli"] // SLOT_MILLI
        for slot in range(SLOTS):
            if len(self.slots) == wanted:
                break
            path = os.path.join(self.folder, f"{self.device['deviceId']}.slot{slot}")
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            # Every child of the holder counts as the holder.
            os.set_inheritable(descriptor, True)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.slots.append(descriptor)
            except BlockingIOError:
                os.close(descriptor)
        if len(self.slots) == wanted:
            self.write("begin", **more)
            return
        self.write("clash", slots=len(self.slots), **more)
        # One clash is enough: those who come later are not to clash with this one.
        for descriptor in self.slots:
            os.close(descriptor)
        self.slots = []

    def write(self, event, **more):
        pid = os.getpid()
        line = {
            "event": event,
            "kind": self.kind,
            "deviceId": self.device["deviceId"],
            "epoch": self.device["epoch"],
            "milli": self.device["milli"],
            "leaseId": self.lease_id,
            "cores": sorted(os.sched_getaffinity(0)),
            "pid": pid,
            "startTime": start_time(pid),
            "at": time.time() * 1000,
            **more,
        }
        path = os.path.join(self.folder, f"{self.device['deviceId']}.jsonl")
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, json.dumps(line).encode() + b"\n")
        finally:
            os.close(descriptor)
