"""Job-control parent of one leased command; Python >= 3.11, standard library only.

    python -E -s -S -B berth_launch.py REPORT_FD CONTROL_FD

The runner (`berth run`) writes one JSON document a line to CONTROL_FD: first the specification
{"argv": [str], "env": {str: str}, "cores": [int] | null, "dataLimitBytes": int | null,
"cgroup": str | null, "graceSeconds": number}, then {"type": "go"}, and at any time
{"type": "signal", "signal": int}. One line {"pgid": int, "startTime": str} goes to REPORT_FD
when the command's process waits in its own process group; it runs the command after `go`.

Signals that a terminal or a person sends to the runner's process group arrive here as well, and
are ignored: the runner hears each exactly once, whether it was sent to it alone or to the group,
and says so through CONTROL_FD.

Exits as the command does, by the same signal if it was one; 127 or 126 when it cannot be run,
125 when the launcher itself fails.
"""

import json
import os
import select
import signal
import sys
import time

import child as command
from terminal import Terminal

FORWARDED_BY_RUNNER = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)


class Launcher:
    def __init__(self, report_fd, control_fd):
        self.report_fd = report_fd
        self.control_fd = control_fd
        self.unread = b""
        self.terminal = Terminal()
        self.pid = 0
        self.go_fd = -1
        self.started = False
        self.grace = 10.0
        self.last_resorts = []
        self.next_resort_at = None

    def run(self):
        """Returns the command's wait status."""
        wakeup = self.watch_signals()
        specification = self.read_specification()
        self.grace = float(specification["graceSeconds"])
        self.pid, self.go_fd = command.fork(specification)
        self.report()
        watched = [wakeup, self.control_fd]
        while True:
            readable, _, _ = select.select(watched, [], [], self.seconds_to_next_resort())
            if self.seconds_to_next_resort() == 0:
                self.signal_group(self.last_resorts.pop(0))
                self.set_next_resort()
            if wakeup in readable:
                received = os.read(wakeup, 4096)
                if signal.SIGTSTP in received:
                    self.signal_group(signal.SIGTSTP)
                status = self.reap()
                if status is not None:
                    return status
            if self.control_fd in readable and not self.hear():
                watched.remove(self.control_fd)
                self.lose_runner()

    def watch_signals(self):
        reader, writer = os.pipe()
        for descriptor in (reader, writer):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in FORWARDED_BY_RUNNER:
            signal.signal(number, signal.SIG_IGN)
        # Else giving the terminal away, or taking it back, would stop this process.
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        for number in (signal.SIGCHLD, signal.SIGTSTP):
            signal.signal(number, lambda *_: None)
        return reader

    def read_specification(self):
        line = b""
        while not line:
            lines = self.read_lines()
            if lines is None:
                sys.exit(125)
            if lines:
                line = lines[0]
        return json.loads(line)

    def read_lines(self):
        """Complete lines that have arrived; None at the end of input."""
        data = os.read(self.control_fd, 65536)
        if data == b"":
            return None
        *lines, self.unread = (self.unread + data).split(b"\n")
        return lines

    def report(self):
        document = {"pgid": self.pid, "startTime": start_time(self.pid)}
        os.write(self.report_fd, json.dumps(document).encode() + b"\n")
        os.close(self.report_fd)

    def hear(self):
        """Does what the runner says; False when the runner is gone."""
        lines = self.read_lines()
        if lines is None:
            return False
        for message in map(json.loads, lines):
            if message["type"] == "go" and not self.started:
                self.start()
            elif message["type"] == "signal":
                self.signal_group(message["signal"])
        return True

    def start(self):
        self.started = True
        if self.terminal.wanted_at_once():
            self.terminal.give(self.pid)
        try:
            os.write(self.go_fd, b"g")
        except BrokenPipeError:
            # It has ended already; how, its wait status tells.
            pass
        os.close(self.go_fd)

    def signal_group(self, number):
        try:
            os.killpg(self.pid, number)
            # A stopped process hears nothing but SIGKILL and SIGCONT.
            if number in (signal.SIGTERM, signal.SIGHUP):
                os.killpg(self.pid, signal.SIGCONT)
        except ProcessLookupError:
            pass

    def lose_runner(self):
        """The supervisor sees it, too, and ends the command, with a grace. This is for when nobody
        does: SIGTERM when that grace is over, SIGKILL after another one."""
        if not self.started:
            self.signal_group(signal.SIGKILL)
            return
        self.last_resorts = [signal.SIGTERM, signal.SIGKILL]
        self.set_next_resort()

    def set_next_resort(self):
        self.next_resort_at = time.monotonic() + self.grace if self.last_resorts else None

    def seconds_to_next_resort(self):
        if self.next_resort_at is None:
            return None
        return max(0, self.next_resort_at - time.monotonic())

    def reap(self):
        """The command's wait status once it has ended; follows it when it stops."""
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
            if pid == 0:
                return None
            if not os.WIFSTOPPED(status):
                self.terminal.take_back(self.pid)
                return status
            self.follow_stop(os.WSTOPSIG(status))

    def follow_stop(self, number):
        if not self.terminal.present():
            # Whoever stopped it, continues it: no shell would continue this process.
            return
        wants_terminal = number in (signal.SIGTTIN, signal.SIGTTOU)
        if not (wants_terminal and self.terminal.is_ours()):
            self.terminal.take_back(self.pid)
            self.stop()
        if self.terminal.is_ours() and (wants_terminal or self.terminal.wanted_at_once()):
            self.terminal.give(self.pid)
        self.signal_group(signal.SIGCONT)

    def stop(self):
        """Stops the runner and this process, so that the shell takes over; returns after `fg` or
        `bg`. Nothing stops where no shell could continue it (an orphaned process group)."""
        handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(0, signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, handler)


def start_time(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        # The name, in parentheses, may hold spaces and parentheses itself.
        return file.read().rpartition(")")[2].split()[19]


def end_as(status):
    if not os.WIFSIGNALED(status):
        os._exit(os.WEXITSTATUS(status))
    number = os.WTERMSIG(status)
    command.forbid_core_dump()
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)


def main():
    report_fd, control_fd = (int(text) for text in sys.argv[1:3])
    for descriptor in (report_fd, control_fd):
        os.set_inheritable(descriptor, False)
    end_as(Launcher(report_fd, control_fd).run())


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        print(f"berth run: the launcher failed: {error!r}", file=sys.stderr)
        os._exit(125)
