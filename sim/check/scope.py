"""Scopes: worlds so small that every one of their stories can be played.

One container, one exec at most, two clients, one fault or crash. Data; a new scope is a line.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from sim.faults import CATALOGUE, At, Fault
from sim.world.kernel import Program


class Do(Enum):
    """One call of a client."""

    CREATE = auto()
    START = auto()
    WAIT = auto()
    KILL = auto()
    DELETE = auto()
    ADD_EXEC = auto()
    START_EXEC = auto()
    WAIT_EXEC = auto()
    KILL_EXEC = auto()
    DELETE_EXEC = auto()


# Runs until it is killed; ends by itself at once; and later, with 0, of which systemd tells but
# once: the unit stays as it is, where another end would take it down.
ENDLESS: Final = Program(runs_s=None)
BRIEF: Final = Program(exits=3, runs_s=0.0)
LATER: Final = Program(exits=0, runs_s=5.0)

# What comes before an exec's Delete.
EXEC_ENDED: Final = (Do.CREATE, Do.START, Do.ADD_EXEC, Do.START_EXEC, Do.WAIT_EXEC)


@dataclass(frozen=True, slots=True)
class Scope:
    """`given` is done before anything is tried, in plain order; then each client does its part.

    From there on everything is tried until both clients are done and nobody can go on; what is
    left is taken down in plain order again.
    """

    name: str
    what: str
    given: tuple[Do, ...]
    first: tuple[Do, ...]
    second: tuple[Do, ...] = ()
    program: Program = ENDLESS
    exec_program: Program = BRIEF
    possible: tuple[Fault, ...] = ()
    faults: int = 0
    crashes: int = 0
    # Takes minutes, and is checked only when it is asked for.
    is_large: bool = False


def known(*places: At) -> tuple[Fault, ...]:
    """What the catalogue has for these places."""
    return tuple(fault for fault in CATALOGUE if fault.at in places)


SCOPES: Final = (
    Scope(
        "start-kill",
        "one client starts a container, another one kills it",
        given=(Do.CREATE,),
        first=(Do.START,),
        second=(Do.KILL,),
    ),
    Scope(
        "two-starts",
        "two clients start the same container, whose program ends at once",
        given=(Do.CREATE,),
        first=(Do.START,),
        second=(Do.START,),
        program=BRIEF,
    ),
    Scope(
        "start-delete",
        "one client starts a container, another one deletes it",
        given=(Do.CREATE,),
        first=(Do.START,),
        second=(Do.DELETE,),
        is_large=True,
    ),
    Scope(
        "two-deletes",
        "two clients delete a container that has been killed",
        given=(Do.CREATE, Do.START, Do.KILL, Do.WAIT),
        first=(Do.DELETE,),
        second=(Do.DELETE,),
    ),
    Scope(
        "kill-delete",
        "one client kills and waits, another one deletes",
        given=(Do.CREATE, Do.START),
        first=(Do.KILL, Do.WAIT),
        second=(Do.DELETE,),
        is_large=True,
    ),
    Scope(
        "create-delete",
        "a container is created while another client deletes it",
        given=(),
        first=(Do.CREATE,),
        second=(Do.DELETE,),
        is_large=True,
    ),
    Scope(
        "exec",
        "one exec is added and started while the container is killed",
        given=(Do.CREATE, Do.START, Do.ADD_EXEC),
        first=(Do.START_EXEC,),
        second=(Do.KILL,),
        is_large=True,
    ),
    Scope(
        "exec-start",
        "an exec is started whose program ends at once, and another client waits for it",
        given=(Do.CREATE, Do.START, Do.ADD_EXEC),
        first=(Do.START_EXEC,),
        second=(Do.WAIT_EXEC,),
        is_large=True,
    ),
    Scope(
        "two-exec-deletes",
        "two clients delete an exec that has ended",
        given=EXEC_ENDED,
        first=(Do.DELETE_EXEC,),
        second=(Do.DELETE_EXEC,),
    ),
    Scope(
        "exec-delete-delete",
        "an exec that has ended is deleted while its container is",
        given=(*EXEC_ENDED, Do.KILL, Do.WAIT),
        first=(Do.DELETE_EXEC,),
        second=(Do.DELETE,),
        is_large=True,
    ),
    Scope(
        "exec-start-crash",
        "the shim is killed anywhere in the start of an exec whose program ends at once",
        given=(Do.CREATE, Do.START, Do.ADD_EXEC),
        first=(Do.START_EXEC,),
        crashes=1,
        is_large=True,
    ),
    Scope(
        "exec-delete-crash",
        "the shim is killed anywhere in the delete of an exec, or after it",
        given=EXEC_ENDED,
        first=(Do.DELETE_EXEC,),
        crashes=1,
    ),
    Scope(
        "create-crash",
        "the shim is killed anywhere in a create",
        given=(),
        first=(Do.CREATE,),
        crashes=1,
    ),
    Scope(
        "start-crash",
        "the shim is killed anywhere in a start",
        given=(Do.CREATE,),
        first=(Do.START,),
        program=BRIEF,
        crashes=1,
    ),
    Scope(
        "delete-crash",
        "the shim is killed anywhere in a delete",
        given=(Do.CREATE, Do.START, Do.KILL, Do.WAIT),
        first=(Do.DELETE,),
        crashes=1,
    ),
    Scope(
        "exit-lost-hint",
        "a program ends, and one hint of systemd's is lost or late, or the bus breaks off",
        given=(Do.CREATE, Do.START),
        first=(Do.WAIT,),
        program=LATER,
        possible=known(At.HINT, At.BUS, At.SIGCHLD),
        faults=1,
    ),
    Scope(
        "start-lost-hint",
        "the same with a program that ends while it is being started",
        given=(Do.CREATE,),
        first=(Do.START, Do.WAIT),
        program=BRIEF,
        possible=known(At.HINT, At.BUS, At.SIGCHLD),
        faults=1,
        is_large=True,
    ),
)
