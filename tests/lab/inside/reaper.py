"""Main process of an exec's unit: runs `runc exec --detach` and becomes what the program becomes.

Started as `python3 -IS reaper.py PIDFILE RUNC…`; knows nothing but the standard library.
"""

import ctypes
import os
import resource
import signal
import socket
import subprocess
import sys

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def main(pid_file: str, *runc: str) -> None:
    """Ends with the program's status, or by its signal."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    environment = dict(os.environ)
    # runc would pass the socket on and wait for the program to use it.
    notify = environment.pop("NOTIFY_SOCKET")
    if status := subprocess.call(runc, env=environment):
        os._exit(status)
    with open(pid_file) as file:  # noqa: PTH123 (pathlib would double the start-up)
        pid = int(file.read())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"READY=1", notify.replace("@", "\0", 1))
    _, ended = os.waitpid(pid, 0)
    if os.WIFSIGNALED(ended):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        number = os.WTERMSIG(ended)
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(ended))


main(*sys.argv[1:])
