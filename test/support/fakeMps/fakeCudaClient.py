"""A fake CUDA program: takes its device as the driver would, then does what stdin says, one answer a
line: `allocate MIB`, `work`, `idle`, `fault`, `limits`, and `child`, which starts another such program
below it and passes on what comes after `child`."""

import json
import os
import socket
import subprocess
import sys

from fake_gpu import compute_mode, note_process, running_processes, size_mib

UUID = os.environ["CUDA_VISIBLE_DEVICES"]


def say(text: str) -> None:
    print(text, flush=True)


class MpsContext:
    """A client of the daemon at CUDA_MPS_PIPE_DIRECTORY."""

    def __init__(self, pipe: str):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(f"{pipe}/control")
        self.stream = self.socket.makefile("rw")
        limit = os.environ.get("CUDA_MPS_PINNED_DEVICE_MEM_LIMIT")
        percentage = os.environ.get("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE")
        self.opened = self.ask(
            json.dumps(
                {
                    "memory": size_mib(limit.split("=")[1]) if limit else None,
                    "percentage": int(percentage) if percentage else None,
                    "stubborn": "--stubborn" in sys.argv,
                }
            )
        )

    def ask(self, line: str) -> str:
        try:
            self.stream.write(f"{line}\n")
            self.stream.flush()
            answer = self.stream.readline()
        except OSError:
            answer = ""
        return json.loads(answer) if answer else "CUDA_ERROR_MPS_CONNECTION_FAILED"


class PlainContext:
    """Without MPS: nothing limits it, and a GPU in an exclusive mode takes it only when it is free."""

    def __init__(self):
        taken = compute_mode(UUID) == "Exclusive_Process" and running_processes(UUID)
        self.opened = "CUDA_ERROR_DEVICE_UNAVAILABLE" if taken else "ok"
        self.used = 0

    def ask(self, line: str) -> str:
        if line.startswith("allocate"):
            self.used += int(line.split()[1])
            note_process(UUID, os.getpid(), self.used)
        return "ok"


def open_context():
    pipe = os.environ.get("CUDA_MPS_PIPE_DIRECTORY")
    if pipe is not None:
        try:
            return MpsContext(pipe)
        except OSError:
            pass  # As the real driver: without a daemon it goes on without MPS.
    return PlainContext()


def main() -> None:
    context = open_context()
    say(context.opened)
    if context.opened != "ok":
        sys.exit(1)
    child = None
    for line in map(str.strip, sys.stdin):
        if not line.startswith("child"):
            say(context.ask(line))
            continue
        if child is None:
            child = subprocess.Popen(
                [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            child.stdout.readline()
        child.stdin.write(line.removeprefix("child ") + "\n")
        child.stdin.flush()
        say(child.stdout.readline().strip())


if __name__ == "__main__":
    main()
