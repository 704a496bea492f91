"""The controlling terminal and whose turn it is to use it (termios(4), tcsetpgrp(3))."""

import os


class Terminal:
    def __init__(self):
        try:
            self.fd = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            self.fd = None

    def present(self):
        return self.fd is not None

    def is_ours(self):
        """Whether this process's group is in the foreground: not in a job started with `&`."""
        return self.owner() == os.getpgrp()

    def wanted_at_once(self):
        """In a pipeline another program of it, such as a pager, may use the terminal: then the
        command gets it only when it asks for it."""
        return self.is_ours() and os.isatty(0) and os.isatty(1)

    def give(self, group):
        self.set_owner(group)

    def take_back(self, group):
        if self.owner() == group:
            self.set_owner(os.getpgrp())

    def owner(self):
        if self.fd is None:
            return None
        try:
            return os.tcgetpgrp(self.fd)
        except OSError:
            return None

    def set_owner(self, group):
        try:
            os.tcsetpgrp(self.fd, group)
        except OSError:
            # The terminal was closed, or the group has ended.
            pass
