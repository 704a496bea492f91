"""The command's process between fork and exec."""

import ctypes
import errno
import os
import resource
import signal
import sys

from execute import execute

PR_SET_PDEATHSIG = 1


def fork(specification):
    """Starts a process, in a group of its own, that becomes the command once a byte is written to
    the descriptor returned. Returns (pid, descriptor) when it waits for that, or has failed."""
    reader, writer = os.pipe()
    waits, tell_waiting = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(writer)
            become(specification, parent, tell_waiting, reader)
        except BaseException as error:
            fail(126, f"{specification['argv'][0]}: {error!r}")
    os.close(reader)
    os.close(tell_waiting)
    os.read(waits, 1)
    os.close(waits)
    return pid, writer


def become(specification, parent, tell_waiting, go_fd):
    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    default_signals()
    die_with(parent)
    argv = specification["argv"]
    cores = specification["cores"]
    if cores is not None:
        try:
            os.sched_setaffinity(0, cores)
        except OSError as error:
            fail(126, f"cannot be bound to cores {cores}: {error.strerror}")
    entered = specification["cgroup"] is not None and enter(specification["cgroup"])
    os.write(tell_waiting, b"w")
    if os.read(go_fd, 1) == b"":
        os._exit(125)
    limit = specification["dataLimitBytes"]
    if limit is not None and not entered:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    try:
        execute(argv, specification["env"])
    except OSError as error:
        missing = error.errno in (errno.ENOENT, errno.ENOTDIR)
        fail(127 if missing else 126, f"{argv[0]}: {error.strerror}")


def default_signals():
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def die_with(parent):
    """SIGKILL when the launcher ends (prctl(2)); at once, when it has ended already."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        fail(126, f"PR_SET_PDEATHSIG: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:
        os._exit(125)


def enter(cgroup):
    """False where it is not permitted: from a session outside the delegated part of the tree."""
    try:
        with open(os.path.join(cgroup, "cgroup.procs"), "w", encoding="ascii") as file:
            file.write("0")
        return True
    except OSError:
        return False


def forbid_core_dump():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def fail(code, message):
    try:
        print(f"berth run: {message}", file=sys.stderr, flush=True)
    finally:
        os._exit(code)
