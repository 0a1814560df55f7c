"""Which line of a story a violation is about: invariants judge at the end, people look at a place.

A violation names processes, units and pids in its sentence. The line that names most of them is
meant, and of several the last; what an invariant is about counts for more than who.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, ProcessKey
from domain.unit_name import unit_name
from sim.outcome import Violation
from sim.world.story import Line

# What each invariant judges: who speaks, and how he begins or what he says. Of those that are
# not here every line may be meant that names the process.
ABOUT: Final[Mapping[str, tuple[str, ...]]] = {
    "S1": ("containerd hears TaskExited",),
    "S2": ("containerd hears TaskStarted", "containerd hears ExecStarted"),
    "S3": ("containerd hears TaskExited",),
    "S4": ("containerd hears TaskDeleted",),
    "S5": ("containerd hears TaskExited",),
    "S6": ("containerd hears TaskExited",),
    "S7": ("containerd hears TaskExited",),
    "S8": ("containerd hears TaskExited",),
    "S9": ("kernel pid ",),
    "S11": ("phase=exited",),
    "S12": ("client start ", "second start "),
    "S13": ("containerd hears ",),
    "S14": ("client delete ", "second delete "),
    "S16": ("kernel fork: ",),
    "S19": ("client create ",),
    "S22": ("containerd hears TaskExited",),
    "S31": ("kernel exec: ",),
    "S33": ("containerd hears ",),
    "S35": ("client state ", "second state ", "client start ", "second start "),
    "L1": ("containerd hears TaskStarted", "containerd hears ExecStarted"),
}
_NAME: Final = r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*"
_PROCESS: Final = re.compile(rf"(?<![\w/.-])({_NAME})/({_NAME})(?:/({_NAME}))?(?![\w/-])")
_UNIT: Final = re.compile(r"[\w.@-]+\.(?:service|scope|slice)")
_PID: Final = re.compile(r"\bpid[ =:]+(\d+)")
_TOPIC: Final = 3
_NAMED: Final = 2


def concerned(violation: Violation, lines: Sequence[Line]) -> int | None:
    """The place of the line in the story; None: the story is empty."""
    wanted = _names(violation.what)
    topics = ABOUT.get(violation.invariant, ())
    best, at = 0, len(lines) - 1
    for place, line in enumerate(lines):
        what = f"{line.who} {line.what}"
        named = len(wanted & _names(line.what))
        score = named and named * _NAMED + _TOPIC * any(topic in what for topic in topics)
        if score and score >= best:
            best, at = score, place
    return at if lines else None


def _names(text: str) -> frozenset[str]:
    """Every process, unit and pid in a sentence; a process goes by its unit's name."""
    units = {_unit(*match.groups()) for match in _PROCESS.finditer(text)}
    units.update(_UNIT.findall(text))
    return frozenset(units | {f"pid {number}" for number in _PID.findall(text)})


def _unit(namespace: str, container: str, exec_id: str | None) -> str:
    owner = ContainerKey(Namespace(namespace), ContainerId(container))
    return unit_name(ProcessKey(owner, None if exec_id is None else ExecId(exec_id)))
