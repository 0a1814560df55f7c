"""The main process of an exec's unit: waits for its program, and ends as it does.

    python3 -IS run_reaper.py PROCESS_FILE GATE PID_FILE RUNC_PID

`runc exec --detach` is its child already, begun by the shell that it was (exec.sh), and waits at
the gate. It lives as long as the program, so it imports next to nothing. Being a subreaper it
inherits the program when runc has gone, and is the one process that waits for it; systemd waits
for this one. READY=1 says that runc has set the program up, of which its pid file is the sign: one
that is killed after that has done its work (F101). Without it runc has failed, and its exit code
is ours. Type=forking does not do: a program that has ended before systemd reads the pid file is
refused, and its status lost (F66).
"""

import _ctypes
import _signal  # type: ignore[import-not-found]  # `signal` on top of it imports enum: 3 ms
import _socket
import errno
import posix  # `os` around it costs 1 ms
import sys
import time

PR_SET_DUMPABLE = 4  # linux/prctl.h
PR_SET_CHILD_SUBREAPER = 36
PID_BYTES_MAX = 32
NOBODY = 0
PART_BYTES = 65536  # what a pipe holds (pipe(7))
GATE_LOOK_S = 0.0005
NO_WAY = -1
UNKNOWN = 255  # never 0 (F34): the program's end was not to be had

program = NOBODY
asked_to_end = False


def run() -> None:
    """All of the process; does not return."""
    try:
        code = main()
    except ChildProcessError:
        code = UNKNOWN
    posix._exit(code)  # noqa: SLF001 - nothing to clean up, and no thread to wait for


def main() -> int:
    if len(sys.argv) != 5:
        sys.exit("usage: run_reaper.py PROCESS_FILE GATE PID_FILE RUNC_PID")
    process_file, gate, pid_file = sys.argv[1:4]
    runc = int(sys.argv[4])
    _signal.signal(_signal.SIGTERM, pass_on)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    ended: dict[int, int] = {}
    if (way := way_in(gate, runc, ended)) != NO_WAY:
        hand_over(process_file, way)
    code = posix.waitstatus_to_exitcode(wait_for(runc, ended))
    if not take_charge(pid_file):
        end_what_is_left()
        return code if code > 0 else 128 - code
    tell(b"READY=1")
    let_go_of_stdio()
    return end_alike(wait_for(program, ended))


def way_in(gate: str, runc: int, ended: dict[int, int]) -> int:
    """The gate from our side, once runc waits at it; NO_WAY: it has ended before it came so far.

    It does either; if it hangs, systemd's time for the unit's start ends both.
    """
    while True:
        try:
            way = posix.open(gate, posix.O_WRONLY | posix.O_NONBLOCK | posix.O_CLOEXEC)
        except OSError as error:
            # Nobody is there yet (fifo(7)), or the files have gone, of which runc will die.
            if error.errno not in {errno.ENXIO, errno.ENOENT}:
                raise
            child, status = posix.waitpid(runc, posix.WNOHANG)
            if child == runc:
                ended[runc] = status
                return NO_WAY
            time.sleep(GATE_LOOK_S)
        else:
            posix.set_blocking(way, True)
            return way


def hand_over(process_file: str, way: int) -> None:
    """The whole file, and its end; how much of it runc wants to read is runc's affair."""
    file = posix.open(process_file, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        while part := posix.read(file, PART_BYTES):
            while part:
                part = part[posix.write(way, part) :]
    except BrokenPipeError:
        pass
    posix.close(file)
    posix.close(way)


def end_what_is_left() -> None:
    """A runc that was killed half way may have let the program go; nobody would watch it (F101)."""
    with open(f"/proc/self/task/{posix.getpid()}/children", encoding="ascii") as file:  # noqa: PTH123
        children = file.read().split()
    for child in children:
        posix.kill(int(child), _signal.SIGKILL)


def take_charge(pid_file: str) -> bool:
    """From here on a TERM is for the program; one that came before is too. False: there is none."""
    global program  # noqa: PLW0603 - a signal handler has no other way to know
    program = pid_in(pid_file)
    if asked_to_end:
        pass_on(_signal.SIGTERM, None)
    return program != NOBODY


def pid_in(pid_file: str) -> int:
    """Whom runc named there; a runc that was killed may have left no file, or an empty one."""
    try:
        # open() of a text loads a codec.
        file = posix.open(pid_file, posix.O_RDONLY | posix.O_CLOEXEC)
    except FileNotFoundError:
        return NOBODY
    text = posix.read(file, PID_BYTES_MAX)
    posix.close(file)
    return int(text or NOBODY)


def pass_on(number: int, _frame: object) -> None:
    """`systemctl stop` signals the main process, which is this one."""
    global asked_to_end  # noqa: PLW0603 - as above
    asked_to_end = True
    if program != NOBODY:
        # Our child until we have waited for it, so the pid is nobody else's.
        try:
            posix.kill(program, number)
        except ProcessLookupError:
            return


def wait_for(pid: int, ended: dict[int, int]) -> int:
    """The wait status of this child; others that were adopted are reaped on the way."""
    while pid not in ended:
        child, status = posix.waitpid(-1, 0)
        ended[child] = status
    return ended.pop(pid)


def tell(state: bytes) -> None:
    """sd_notify(3)."""
    address = posix.environ.get(b"NOTIFY_SOCKET", b"")
    if address.startswith(b"@"):
        address = b"\0" + address[1:]
    channel = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM | _socket.SOCK_CLOEXEC)
    channel.connect(address)
    channel.send(state)
    channel.close()


def let_go_of_stdio() -> None:
    """A reader sees the end of the output when the program and its children have closed it."""
    nothing = posix.open("/dev/null", posix.O_RDWR | posix.O_CLOEXEC)
    for stream in (0, 1, 2):
        posix.dup2(nothing, stream)


def end_alike(status: int) -> int:
    """The exit code, or death by the same signal."""
    global program  # noqa: PLW0603 - as above
    program = NOBODY
    if not posix.WIFSIGNALED(status):
        return posix.waitstatus_to_exitcode(status)
    number = posix.WTERMSIG(status)
    # The core, if one was wanted, is the program's.
    prctl(PR_SET_DUMPABLE, 0)
    if number not in {_signal.SIGKILL, _signal.SIGSTOP}:
        _signal.signal(number, _signal.SIG_DFL)
    posix.kill(posix.getpid(), number)
    return 128 + number  # a signal that does not end a process, or that is blocked


def prctl(option: int, value: int) -> None:
    """Python has no prctl(2); the `ctypes` package on top of this module costs more time."""
    function = _ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl")  # type: ignore[arg-type]
    if _ctypes.call_function(function, (option, value, 0, 0, 0)) != 0:
        sys.exit(f"prctl {option}")
