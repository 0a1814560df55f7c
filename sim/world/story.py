"""What happened, in order, for a person to read: in short always, in detail on request."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar, cast

from sim.faults import Does, Fault
from sim.scheduler import Scheduler
from sim.world.wording import worded

T = TypeVar("T")
Hears: TypeAlias = Callable[[Fault], None]
Detail: TypeAlias = Callable[..., None]

# Where things happen, in the order of a call's way from the client to the node.
LANES: Final = ("containerd", "shim", "bus", "systemd", "runc", "kernel", "disk", "admin")
# Who speaks in another one's lane.
SPEAKS_IN: Final = {"client": "containerd", "second": "containerd"}
# Lanes of more than one port: a call there says which.
SHARED: Final = frozenset({"kernel", "disk"})
# What a call that ends only when there is news is not told of when it begins.
WAITS_FOR_NEWS: Final = frozenset({"hint"})


class Kind(Enum):
    """What sort of line it is; all but the first are in detailed stories only."""

    SAID = auto()
    DETAIL = auto()
    CALL = auto()  # the shim asks one of its ports
    ANSWER = auto()
    STRUCK = auto()  # a fault, where no call of the shim's is under way


DOES: Final = {
    Does.FAILS_BEFORE: "nothing is done, and it says so",
    Does.FAILS_AFTER: "it is done, and says that it was not",
    Does.LATE: "it comes late",
    Does.ANSWERS_LATE: "it is done at once, and the answer comes late",
    Does.NEVER_ARRIVES: "it gets lost on its way",
    Does.NEVER_ANSWERS: "it is done, and the answer gets lost",
    Does.REPEATS: "it comes, and once more when its time has passed",
    Does.REUSES: "it gets what somebody else has just let go",
}


class Line(NamedTuple):
    """One sentence, kept in its parts: most stories are never read, and writing takes time."""

    at_s: float
    who: str
    parts: tuple[object, ...]
    kind: Kind = Kind.SAID
    fault: Fault | None = None  # what struck here
    call: int | None = None  # of an answer: the line of its call

    @property
    def what(self) -> str:
        return _sentence(self.parts)

    @property
    def lane(self) -> str:
        lane = SPEAKS_IN.get(self.who, self.who)
        return lane if lane in LANES else LANES[-1]

    def __str__(self) -> str:
        struck = "" if self.fault is None else f"  [{described(self.fault)}]"
        return f"{self.at_s:9.3f} s  {self.who:<10}  {self.what}{struck}"


def described(fault: Fault) -> str:
    """Its number and what it does."""
    return f"{fault.number}: {DOES[fault.does]}"


@dataclass(slots=True)
class Story:
    """The short one: what is told in detail it does not hear."""

    lines: list[Line] = field(default_factory=list)

    def tell(self, at_s: float, who: str, *parts: object) -> None:
        self.lines.append(Line(at_s, who, parts))

    def detailing(self, scheduler: Scheduler) -> Detail:
        """What the world tells to a close look: who, and what. Here nobody listens."""
        return _unheard

    def hearing(self, scheduler: Scheduler, heard: Hears) -> Hears:
        """Who is told of each fault that fires: `heard`, and in a detailed story it too."""
        return heard

    def told(self, scheduler: Scheduler, lane: str, port: T) -> T:
        """The port as the shim gets it: in a detailed story one whose calls are told."""
        return port

    def __str__(self) -> str:
        return "\n".join(str(line) for line in self.lines)


@dataclass(slots=True)
class DetailedStory(Story):
    """Hears everything, and changes nothing: a seed's digest is the same."""

    # For each task the line of the port call that it is in.
    calls: dict[str, int] = field(default_factory=dict)

    def detailing(self, scheduler: Scheduler) -> Detail:
        def detail(who: str, *parts: object) -> None:
            # Worded now: what is told in detail may change later.
            self.lines.append(Line(scheduler.now, who, (_sentence(parts),), Kind.DETAIL))

        return detail

    def hearing(self, scheduler: Scheduler, heard: Hears) -> Hears:
        def both(fault: Fault) -> None:
            heard(fault)
            self._strike(scheduler.now, scheduler.choices.by, fault)

        return both

    def _strike(self, at_s: float, by: str, fault: Fault) -> None:
        """On the port call of the task that runs now; on a line of its own if it has another."""
        at = self.calls.get(by)
        if at is None or self.lines[at].fault is not None:
            what = f"{fault.at.name.replace('_', ' ').lower()} goes wrong, for {by!r}"
            self.lines.append(Line(at_s, _lane_of(fault), (what,), Kind.STRUCK, fault))
        else:
            self.lines[at] = self.lines[at]._replace(fault=fault)

    def told(self, scheduler: Scheduler, lane: str, port: T) -> T:
        return cast("T", _Told(self, scheduler, lane, port))

    def call(self, at_s: float, lane: str, by: str, what: str) -> int:
        """The line of a port call that `by` makes."""
        at = self.calls[by] = len(self.lines)
        self.lines.append(Line(at_s, lane, (what,), Kind.CALL))
        return at

    def answer(self, at_s: float, lane: str, by: str, what: str) -> None:
        """What `by` is answered; without a call where news alone is told."""
        call = self.calls.pop(by, None)
        fault = None if call is None else self.lines[call].fault
        self.lines.append(Line(at_s, lane, (what,), Kind.ANSWER, fault, call))


class _Told:
    """In a port's place: each call is passed on as it is, and told with its answer."""

    def __init__(self, story: DetailedStory, scheduler: Scheduler, lane: str, port: object) -> None:
        self._story = story
        self._scheduler = scheduler
        self._lane = lane
        self._port = port
        kind = type(port).__name__.removeprefix("Fake").lower()
        self._label = f"{kind}: " if lane in SHARED else ""

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if not inspect.iscoroutinefunction(method):
            return method
        parameters = tuple(inspect.signature(method).parameters)

        async def call(*arguments: Any, **named: Any) -> Any:
            by = self._scheduler.choices.by
            if name not in WAITS_FOR_NEWS:
                what = self._label + _asked(
                    name, {**dict(zip(parameters, arguments, strict=False)), **named}
                )
                self._story.call(self._scheduler.now, self._lane, by, what)
            answer = await method(*arguments, **named)
            what = f"{self._label}{name.replace('_', ' ')} → {_answer(answer)}"
            self._story.answer(self._scheduler.now, self._lane, by, what)
            return answer

        return call


def _asked(name: str, arguments: dict[str, object]) -> str:
    """The first argument says about whom; the others want their names."""
    said = [
        worded(value) if at == 0 else f"{key}={worded(value)}"
        for at, (key, value) in enumerate(arguments.items())
    ]
    return f"{name.replace('_', ' ')} {', '.join(said)}".strip()


def _unheard(*_: object) -> None:
    """It is told a hundred times a seed: not even the time is looked at."""


def _answer(answer: object) -> str:
    return "done" if answer is None else worded(answer)


def _sentence(parts: tuple[object, ...]) -> str:
    return " ".join(part if isinstance(part, str) else worded(part) for part in parts)


def _lane_of(fault: Fault) -> str:
    name = fault.at.name
    for beginning, lane in LANE_OF:
        if name.startswith(beginning):
            return lane
    return "kernel"


# The lane of a fault's place, by how its name begins.
LANE_OF: Final = (
    ("UNIT", "bus"),
    ("HINT", "bus"),
    ("BUS", "bus"),
    ("JOB", "systemd"),
    ("SPAWN", "systemd"),
    ("READY", "systemd"),
    ("PID_FILE", "systemd"),
    ("GO_DOWN", "systemd"),
    ("SIGCHLD", "systemd"),
    ("RELOAD", "systemd"),
    ("REEXEC", "systemd"),
    ("LEFT_OVER", "systemd"),
    ("NEIGHBOUR", "systemd"),
    ("RUNC", "runc"),
    ("BUNDLE", "disk"),
    ("RECORD", "disk"),
    ("FULL_DISK", "disk"),
    ("READER", "containerd"),
    ("PUBLISH", "containerd"),
    ("CONTAINERD", "containerd"),
)
