"""Entry of the bridge: `python -m berth_bridge --threads N [--parent PID]`."""

import argparse
import traceback

from .channel import Channel
from .failures import BridgeError, describe
from .methods import METHODS
from .process import die_with_parent, hello, pin_environment


def main() -> None:
    parser = argparse.ArgumentParser(prog="berth_bridge")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--parent", type=int)
    options = parser.parse_args()

    channel = Channel.take_over()
    die_with_parent(options.parent)
    pin_environment(options.threads)
    channel.start()
    channel.send({"hello": hello(options.threads)})
    for request in channel.requests():
        answer(channel, request, options.threads)


def answer(channel: Channel, request: dict, threads: int) -> None:
    id_ = request.get("id")
    try:
        method = METHODS.get(request.get("method"))
        if method is None:
            raise BridgeError("InvalidRequest", f"bridge: no method {request.get('method')!r}")
        progress = channel.progress(id_)
        result = method({**request.get("params", {}), "threads": threads}, progress)
        channel.send({"id": id_, "result": result})
    except BaseException as error:  # noqa: BLE001 - the worker decides what a failure means
        if describe(error)[0] == "BridgeFailed":
            traceback.print_exc()
        channel.fail(id_, error)


if __name__ == "__main__":
    main()
