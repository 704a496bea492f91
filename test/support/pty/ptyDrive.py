"""Runs a command at a terminal of its own, as a person would: python ptyDrive.py < JSON > JSON.

In: {"argv": [str], "env": {str: str}, "rows": int, "columns": int, "steps": [step]}, a step being
{"expect": regex} (waits until the output since the last match has it), {"send": str},
{"resize": [rows, columns]} or {"signal": name, "pid": regex} (sends a signal to the process whose
id is group 1 of the regex in the output so far).
Out: {"output": str, "code": int} once the command has ended; code as shells count it, or
{"failed": str, "output": str} for a step that did not come true within a minute.
"""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

PATIENCE_SECONDS = 60


def resize(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


class Session:
    def __init__(self, asked):
        self.output = ""
        self.seen = 0
        self.open = True
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            resize(0, asked["rows"], asked["columns"])
            os.execvpe(asked["argv"][0], asked["argv"], asked["env"])

    def read(self, deadline):
        ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.open = data != b""
        self.output += data.decode(errors="replace")

    def step(self, step):
        deadline = time.monotonic() + PATIENCE_SECONDS
        if "expect" in step:
            while not (found := re.search(step["expect"], self.output[self.seen :])):
                if not self.open:
                    raise EOFError
                self.read(deadline)
            self.seen += found.end()
        elif "send" in step:
            os.write(self.fd, step["send"].encode())
        elif "resize" in step:
            resize(self.fd, *step["resize"])
        else:
            pid = int(re.search(step["pid"], self.output).group(1))
            os.kill(pid, getattr(signal, step["signal"]))

    def finish(self):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.open:
            self.read(deadline)
        _, status = os.waitpid(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else 128 - code


def main():
    asked = json.load(sys.stdin)
    session = Session(asked)
    step = None
    try:
        for step in asked["steps"]:
            session.step(step)
        step = {"expect": "the end"}
        result = {"output": session.output, "code": session.finish()}
        result["output"] = session.output
    except (TimeoutError, EOFError) as error:
        os.kill(session.pid, signal.SIGKILL)
        result = {"failed": f"{error!r} at {step}", "output": session.output}
    print(json.dumps(result))


main()
