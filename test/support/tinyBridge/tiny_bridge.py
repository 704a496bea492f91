"""The bridge's real channel and process rules, with methods that misbehave on demand."""

import argparse
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../../native/bridge"))

from berth_bridge.channel import Channel  # noqa: E402
from berth_bridge.failures import BridgeError  # noqa: E402
from berth_bridge.process import die_with_parent, hello, pin_environment  # noqa: E402


def echo(params, progress, channel):
    print("printed by a library")
    os.write(1, b"written to descriptor 1\n")
    progress.expect(3)
    for _ in range(3):
        progress.add(1)
    return {"value": params["value"], "environment": dict(os.environ)}


def hang(params, progress, channel):
    progress.expect(10)
    while True:
        progress.add(0)
        time.sleep(0.05)


def slow(params, progress, channel):
    progress.expect(20)
    for _ in range(20):
        time.sleep(0.1)
        progress.add(1)
    return {"value": "done", "environment": {}}


def garbage(params, progress, channel):
    os.write(channel._writer, b"Segmentation fault (not JSON)\n")
    time.sleep(60)


def die(params, progress, channel):
    print("about to die", file=sys.stderr, flush=True)
    os.kill(os.getpid(), params["signal"])


def leave(params, progress, channel):
    os._exit(7)


def out_of_memory(params, progress, channel):
    return bytearray(1 << 60)


def refuse(params, progress, channel):
    raise BridgeError(params["type"], "a tensor is\nnot right")


def spawn(params, progress, channel):
    child = subprocess.Popen(["sleep", "600"])
    return {"value": str(child.pid), "environment": {}}


METHODS = [echo, hang, slow, garbage, die, leave, out_of_memory, refuse, spawn]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int)
    parser.add_argument("--parent", type=int)
    options = parser.parse_args()
    channel = Channel.take_over()
    die_with_parent(options.parent)
    pin_environment(options.threads)
    channel.start()
    if os.path.exists(os.path.join(os.environ["HOME"], "refuse-to-start")):
        sys.exit("no heart to start")
    channel.send({"hello": hello(options.threads)})
    methods = {method.__name__: method for method in METHODS}
    for request in channel.requests():
        try:
            progress = channel.progress(request["id"])
            result = methods[request["method"]](request["params"], progress, channel)
            channel.send({"id": request["id"], "result": result})
        except Exception as error:
            channel.fail(request["id"], error)


signal.signal(signal.SIGINT, signal.SIG_IGN)
main()
