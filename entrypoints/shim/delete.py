"""`delete`: after every removal, and after every lost connection, containerd asks for the end.

The daemon does the work. Where it does not answer, this program does it (without_daemon), since
nobody else will: containerd removes the bundle next and forgets the container (D26).
"""

import posix
from time import monotonic

from entrypoints import places
from entrypoints.shim import control
from entrypoints.shim.ended import Ended
from entrypoints.shim.flags import Flags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# containerd kills us after 5 s (io.containerd.timeout.shim.cleanup): what the daemon does not
# use is left for the work without it.
DAEMON_WITHIN_S: "Final" = 3.0
WHOLE_WITHIN_S: "Final" = 4.7


def delete(flags: Flags, run_folder: str) -> tuple[bytes, str]:
    """The answer for standard output, and what went wrong on the way ("" if nothing did)."""
    until = monotonic() + WHOLE_WITHIN_S
    namespace, container = flags.texts["namespace"], flags.texts["id"]
    bundle = flags.texts["bundle"] or _working_folder()
    asked = _ask_daemon(namespace, container, bundle, run_folder)
    if isinstance(asked, Ended):
        return asked.response(), ""
    from entrypoints.shim import without_daemon  # noqa: PLC0415 (70 ms that are seldom wanted)

    ended, trouble = without_daemon.clean_up(namespace, container, bundle, run_folder, until)
    return ended.response(), "; ".join([asked.reason, *trouble])


def _ask_daemon(
    namespace: str, container: str, bundle: str, run_folder: str
) -> Ended | control.Unanswered:
    if "\n" in bundle:
        return control.Unanswered("the bundle's path has a line break in it")
    request = f"delete {namespace} {container} {bundle}"
    asked = control.ask(places.control_socket(run_folder), request, DAEMON_WITHIN_S)
    if isinstance(asked, control.Unanswered):
        return asked
    return _ended(asked.text) or control.Unanswered("the daemon's answer cannot be read")


def _working_folder() -> str:
    try:
        return posix.getcwd()
    except FileNotFoundError:
        return ""  # removed under our feet: nothing to unmount there


def _ended(text: str) -> Ended | None:
    """`PID STATUS SECONDS NANOS`, each a number that its field can hold."""
    words = text.split()
    if len(words) != 4 or not all(word.isascii() and word.isdigit() for word in words):
        return None
    return Ended(*map(int, words))
