"""A leased command that records itself with its devices: `holder.py <journal folder> <behaviour JSON>`.

Behaviour: `seconds` it works, `ignoreTerm`, `leaveChild` (a child in a session of its own whose parent
is gone, which outlives the command), `exitCode`.
"""

import json
import os
import signal
import sys
import time

from device_journal import Journal


def main():
    folder, behaviour = sys.argv[1], json.loads(sys.argv[2])
    signal.signal(signal.SIGTERM, signal.SIG_IGN if behaviour["ignoreTerm"] else stop)
    with open(os.environ["BERTH_LEASE"], encoding="utf-8") as file:
        lease = json.load(file)["lease"]
    journals = [Journal(folder, "command", lease["leaseId"], one) for one in lease["devices"]]
    for journal in journals:
        journal.begin(lease=lease)
    if behaviour["leaveChild"]:
        leave_child(journals)
    try:
        time.sleep(behaviour["seconds"])
    finally:
        for journal in journals:
            journal.write("end")
    sys.exit(behaviour["exitCode"])


def stop(*_):
    sys.exit(143)


def leave_child(journals):
    if os.fork() > 0:
        os.wait()
        return
    os.setsid()
    if os.fork() > 0:
        os._exit(0)
    # Nobody reads what it says, and its parent's readers must not wait for it.
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for journal in journals:
        journal.kind = "child"
        journal.write("begin")
    time.sleep(600)
    os._exit(0)


if __name__ == "__main__":
    main()
