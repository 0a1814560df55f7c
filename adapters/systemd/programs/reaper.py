"""The main process of an exec's unit: runs `runc exec --detach`, then ends as its program does.

    python3 -IS run_reaper.py PID_FILE -- RUNC ARGUMENT…

It lives as long as the program, so it imports next to nothing. Being a subreaper it inherits
the program when runc has gone, and is the one process that waits for it; systemd waits for
this one. READY=1 says that runc has set the program up, of which its pid file is the sign: one
that is killed after that has done its work (F101). Without it runc has failed, and its exit code
is ours. Type=forking does not do: a program that has ended before systemd reads the pid file is
refused, and its status lost (F66).
"""

import _ctypes
import _signal  # type: ignore[import-not-found]  # `signal` on top of it imports enum: 3 ms
import _socket
import posix  # `os` around it costs 1 ms
import sys

PR_SET_DUMPABLE = 4  # linux/prctl.h
PR_SET_CHILD_SUBREAPER = 36
PID_BYTES_MAX = 32
NOBODY = 0
DEFAULT_PATH = b"/bin:/usr/bin"  # as execvp(3)
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
    if len(sys.argv) <= 3 or sys.argv[2] != "--":
        sys.exit("usage: run_reaper.py PID_FILE -- RUNC ARGUMENT...")
    pid_file, runc = sys.argv[1], sys.argv[3:]
    # With it runc would wait for a READY=1 of the program (F107).
    notify_socket = posix.environ.get(b"NOTIFY_SOCKET", b"")
    posix.unsetenv(b"NOTIFY_SOCKET")
    _signal.signal(_signal.SIGTERM, pass_on)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    ended: dict[int, int] = {}
    code = posix.waitstatus_to_exitcode(wait_for(start(runc), ended))
    if not take_charge(pid_file):
        end_what_is_left()
        return code if code > 0 else 128 - code
    tell(notify_socket, b"READY=1")
    let_go_of_stdio()
    return end_alike(wait_for(program, ended))


def start(argv: list[str]) -> int:
    """By fork: of posix_spawn(3) the program would inherit two of glibc's signals ignored."""
    pid = posix.fork()
    if pid != 0:
        return pid
    try:
        # Python ignores these two; the program must not (signal(7): ignored signals are inherited).
        for number in (_signal.SIGPIPE, _signal.SIGXFSZ):
            _signal.signal(number, _signal.SIG_DFL)
        become(argv)
    except OSError as error:
        posix.write(2, f"{argv[0]}: {error.strerror}\n".encode())
    finally:
        posix._exit(127)  # noqa: SLF001 - as a shell does for a command that is not there


def end_what_is_left() -> None:
    """A runc that was killed half way may have let the program go; nobody would watch it (F101)."""
    with open(f"/proc/self/task/{posix.getpid()}/children", encoding="ascii") as file:  # noqa: PTH123
        children = file.read().split()
    for child in children:
        posix.kill(int(child), _signal.SIGKILL)


def become(argv: list[str]) -> None:
    """As execvp(3); Python's own imports `warnings` on its way: 3 ms before runc begins."""
    name = argv[0].encode(errors="surrogateescape")
    names = [name]
    if b"/" not in name:
        folders = posix.environ.get(b"PATH", DEFAULT_PATH).split(b":")
        names = [(folder or b".") + b"/" + name for folder in folders]
    why = OSError()
    for name in names:
        try:
            posix.execv(name, argv)
        except (FileNotFoundError, NotADirectoryError) as error:
            why = why if why.errno else error  # one that is there and cannot be run says more
        except OSError as error:
            why = error
    raise why


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


def tell(notify_socket: bytes, state: bytes) -> None:
    """sd_notify(3)."""
    address = notify_socket
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
