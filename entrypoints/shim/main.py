"""Says which of the binary's few things is wanted, and makes sure that nothing else is printed.

containerd reads the standard output and standard error of `start` as one text: a stray byte on
either would be part of the address.
"""

import posix  # `os` around it costs 1 ms, a tenth of this program's life
import sys

from entrypoints import places
from entrypoints.shim import flags as command_line
from entrypoints.shim.flags import Flags, Misused
from entrypoints.shim.identifier import is_identifier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

STDIN: "Final" = 0
STDOUT: "Final" = 1
STDERR: "Final" = 2

FAILED: "Final" = 1
MISUSED: "Final" = 2  # as Go's flag package exits


def run() -> None:
    """The launcher's one call. Leaves at once: there is nothing to flush or to wait for."""
    posix._exit(main(sys.argv[1:], places.RUN_FOLDER))  # noqa: SLF001 (as public as os._exit)


def main(words: list[str], run_folder: str) -> int:
    """Does what the words after the program's name ask for; the exit status."""
    flags = command_line.parse(words)
    if isinstance(flags, Misused):
        complaint = f"{flags.complaint}\n" if flags.complaint else ""
        _write(STDERR, (complaint + command_line.usage()).encode())
        return MISUSED if flags.complaint else 0
    if flags.switches["v"] or flags.switches["version"]:
        _write(STDOUT, f"{places.BINARY}:\n  Version: {places.VERSION}\n".encode())
        return 0
    if flags.switches["info"]:
        from entrypoints.shim import info  # noqa: PLC0415 (asked for once in a containerd's life)

        return _finish(*info.describe(STDIN))
    return _task(flags, run_folder)


def _task(flags: Flags, run_folder: str) -> int:
    wrong = _wrong_identity(flags)
    if wrong:
        return _finish(b"", wrong)
    # Each loads its own parts only: `start` has no use for those of `delete`.
    if flags.action == "start":
        from entrypoints.shim import start  # noqa: PLC0415

        answer = start.start(flags, STDIN, run_folder)
        return _finish(b"", answer.reason) if isinstance(answer, start.Failed) else _say(answer)
    if flags.action == "delete":
        from entrypoints.shim import delete  # noqa: PLC0415

        response, trouble = delete.delete(flags, run_folder)
        if trouble:
            _write(STDERR, f"{places.BINARY}: {trouble}\n".encode())
        return _say(response)
    asked = f"unknown action {flags.action!r}" if flags.action else "no action"
    _write(STDERR, f"{asked}\n{command_line.usage()}".encode())
    return MISUSED


def _wrong_identity(flags: Flags) -> str:
    """Whatever is wrong with whom this is about, before it becomes part of a path (T061, T065)."""
    if not flags.texts["namespace"]:
        return "shim namespace cannot be empty"
    for name in ("namespace", "id"):
        if not is_identifier(flags.texts[name]):
            return f"-{name} {flags.texts[name]!r} is no containerd identifier"
    return ""


def _finish(answer: bytes, trouble: str) -> int:
    if trouble:
        _write(STDERR, f"{places.BINARY}: {trouble}\n".encode())
        return FAILED
    return _say(answer)


def _say(answer: bytes) -> int:
    _write(STDOUT, answer)
    return 0


def _write(descriptor: int, data: bytes) -> None:
    """Straight to the descriptor, whole."""
    while data:
        data = data[posix.write(descriptor, data) :]
