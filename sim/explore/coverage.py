"""What a run has reached: which fault hit which operation, on a process of which phase.

Who draws says in his name what he does and about whom (`start default/web/probe #2`), so
nobody has to tell it again.
"""

from collections.abc import Collection
from typing import Final, NamedTuple

from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, ProcessKey
from domain.task import Container
from sim.client import Host
from sim.faults import Fault

CRASH: Final = "crash"
# Phases beside those of domain/lifecycle.py.
NOBODYS: Final = "nobody's"  # the call is about no one process
ABSENT: Final = "absent"
CREATING: Final = "creating"
# Words in names that are no part of an operation.
WHO: Final = frozenset({"shim"})


class Reached(NamedTuple):
    """`fault`: a name of the catalogue's, or a crash."""

    phase: str
    fault: str
    operation: str

    def __str__(self) -> str:
        return f"{self.fault} in {self.operation}, {self.phase}"


class Coverage:
    """Listens to one run."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._choices = host.machine.world.choices
        # In the order in which they were reached; a set would make it drift.
        self.reached: dict[Reached, None] = {}

    def fired(self, fault: Fault) -> None:
        """It hit whoever draws now."""
        self._note(fault.name, self._choices.by)

    def crashed(self, stream: str) -> None:
        """The shim died before this one's step."""
        self._note(CRASH, stream)

    def _note(self, fault: str, stream: str) -> None:
        operation, about = read_name(stream)
        phase = NOBODYS if about is None else self._phase(about)
        self.reached[Reached(phase, fault, operation)] = None

    def _phase(self, key: ProcessKey) -> str:
        shim = self._host.shim.shim
        container = shim.containers.get(key.owner)
        if container is None:
            return CREATING if key.owner in shim.creating else ABSENT
        return _phase_in(container, key)


def _phase_in(container: Container, key: ProcessKey) -> str:
    if key.exec_id is None:
        return container.init.phase.value
    process = container.execs.get(key.exec_id)
    return ABSENT if process is None else f"{process.phase.value} (exec)"


def read_name(stream: str) -> tuple[str, ProcessKey | None]:
    """What is done, and about whom: `start default/web/probe #2` is a start, of web's probe."""
    about = None
    does = []
    for word in stream.split():
        if "/" in word:
            about = _key(word)
        elif word.rstrip(":").replace("'", "").isalpha() and word not in WHO:
            does.append(word.rstrip(":"))
    return " ".join(does), about


def _key(word: str) -> ProcessKey:
    namespace, container, *exec_id = word.rstrip(":").split("/")
    owner = ContainerKey(Namespace(namespace), ContainerId(container))
    return ProcessKey(owner, ExecId(exec_id[0]) if exec_id else None)


def missed(reached: Collection[Reached]) -> list[Reached]:
    """What should be within reach: the fault hit this operation in another phase, and another
    fault hit it in this one. Some of it is impossible all the same."""
    faults: dict[str, dict[str, None]] = {}
    phases: dict[str, dict[str, None]] = {}
    for each in reached:
        faults.setdefault(each.operation, {})[each.fault] = None
        phases.setdefault(each.operation, {})[each.phase] = None
    within = (
        Reached(phase, fault, operation)
        for operation in sorted(faults)
        for fault in sorted(faults[operation])
        for phase in sorted(phases[operation])
    )
    return [each for each in within if each not in reached]


def never_fired(reached: Collection[Reached], catalogue: tuple[Fault, ...]) -> list[str]:
    """Names of the catalogue that nothing was hit by."""
    fired = {each.fault for each in reached}
    return [fault.name for fault in catalogue if fault.name not in fired]
