"""execve(2) with a search of PATH, as execvp(3) and shells do it."""

import errno
import os

SHELL = "/bin/sh"


def execute(argv, env):
    """Becomes the command; a file that names no interpreter is a script of the shell (POSIX, exec).
    Raises OSError when that fails."""
    refused = None
    for path in candidates(argv[0], env):
        try:
            os.execve(path, argv, env)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError as error:
            # Another folder may have one that may be run.
            refused = refused or error
        except OSError as error:
            if error.errno != errno.ENOEXEC or is_binary(path):
                raise
            os.execve(SHELL, [SHELL, path, *argv[1:]], env)
    raise refused or FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def candidates(name, env):
    if os.path.dirname(name) or not name:
        return [name]
    return [os.path.join(folder, name) for folder in os.get_exec_path(env)]


def is_binary(path):
    """Whether its first line holds a zero byte: a program of another kind of machine, say."""
    with open(path, "rb") as file:
        return b"\0" in file.read(256).split(b"\n", 1)[0]
