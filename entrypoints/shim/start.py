"""`start`: tells containerd where the tasks of its namespace are served."""

import posix

from entrypoints import places
from entrypoints.shim import bootstrap, bundle, control
from entrypoints.shim.flags import Flags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# The daemon may have to be started for it: 0.3 s on an idle machine, and a booting one is slow.
OPEN_WITHIN_S: "Final" = 10.0


class Failed:
    """Why the container cannot be started here; containerd shows it to its client."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


def start(flags: Flags, stdin: int, run_folder: str) -> bytes | Failed:
    """The answer for standard output. What fails, fails before anything is left in the bundle."""
    namespace, container = flags.texts["namespace"], flags.texts["id"]
    folder = flags.texts["bundle"] or posix.getcwd()
    params = bootstrap.params(bootstrap.read_input(stdin), namespace, container)
    bad = bundle.check_config(folder)
    if bad is not None:
        return Failed(bad.reason)
    address = served_address(run_folder, namespace)
    if isinstance(address, Failed):
        return address
    ttrpc_address = (params.ttrpc_address if params else "") or publish_address(flags)
    if "\n" in ttrpc_address:
        return Failed("containerd's ttrpc address has a line break in it")
    bad = bundle.leave(
        folder,
        address,
        debug=flags.switches["debug"] or (params is not None and params.debug),
        ttrpc_address=ttrpc_address,
    )
    if bad is not None:
        return Failed(bad.reason)
    return bootstrap.answer(address, to_params=params is not None)


def served_address(run_folder: str, namespace: str) -> str | Failed:
    """Where this namespace's tasks are served; the daemon opens the place if it is not open."""
    path = places.namespace_socket(run_folder, namespace)
    accepts = control.listens(path)
    if isinstance(accepts, control.Unanswered):
        return Failed(accepts.reason)
    if accepts:
        return f"unix://{path}"
    opened = control.ask(places.control_socket(run_folder), f"open {namespace}", OPEN_WITHIN_S)
    if isinstance(opened, control.Unanswered):
        return Failed(opened.reason)
    return opened.text


def publish_address(flags: Flags) -> str:
    """Where this containerd takes events; "" leaves it to the daemon's default.

    Given by every containerd in TTRPC_ADDRESS, and else by its own rule from `-address`.
    """
    given = posix.environ.get(b"TTRPC_ADDRESS", b"").decode(errors="replace")
    if given or not flags.texts["address"]:
        return given
    return f"{flags.texts['address']}.ttrpc"
