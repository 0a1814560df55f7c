"""What a state is: everything reachable, in an order of its own, with no trace of how it came.

A walk writes down plain tokens. Things that can change are numbered when first met, so that it
is not their address but who shares them that counts; values are written out; moments are
replaced by their order (moments.py). Of a coroutine that waits: its position and all that its
frame holds, down the chain of awaits.
"""

import gc
import marshal
import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from types import CodeType, CoroutineType, FrameType, FunctionType, GeneratorType
from typing import Any, Final, TypeAlias

from sim.check.moments import Moment, ago, of_float, of_int, places

Handler: TypeAlias = Callable[["Walk", Any], None]
Waiting: TypeAlias = "CoroutineType[Any, Any, Any] | GeneratorType[Any, Any, Any]"

# A wall clock's time within a text.
CLOCK_DIGITS: Final = 19
CLOCK: Final = re.compile(rf"1\d{{{CLOCK_DIGITS - 1}}}")
# Texts that were found to have none; they come again and again.
TIMELESS: Final[set[str]] = set()
DIGEST_BYTES: Final = 16
# The name that world.py has for the time at which a call on the bus arrives.
ARRIVES: Final = "arrives"


class Walk:
    """One state's tokens."""

    def __init__(self, now_s: float, handlers: Mapping[type, Handler]) -> None:
        self._now_s = now_s
        self.handlers = handlers
        self._out: list[Any] = []
        self._met: dict[int, int] = {}
        # Where each moment is to be replaced by its place among all others.
        self._moments: list[tuple[int, int]] = []
        # The same of calls on the bus: when they were sent counts among themselves alone.
        self._arrivals: list[tuple[int, int]] = []
        # What the walk itself has made: an address must not be anybody else's meanwhile.
        self._made: list[object] = []

    def digest(self) -> bytes:
        for moments in (self._moments, self._arrivals):
            order = places(step for _, step in moments)
            for at, step in moments:
                self._out[at] = order[step]
        # Version 2 knows no references: equal tokens are equal bytes.
        return blake2b(marshal.dumps(self._out, 2), digest_size=DIGEST_BYTES).digest()

    def token(self, token: object) -> None:
        """A word that stands for something as it is."""
        self._out.append(token)

    def visit(self, value: Any) -> None:
        self.handlers[type(value)](self, value)

    def is_new(self, thing: object) -> bool:
        """Whether it is met for the first time; it is named in any case."""
        number = self._met.get(id(thing))
        if number is not None:
            self._out.append(number)
            return False
        self._met[id(thing)] = len(self._met)
        self._out.append("new")
        return True

    def moment(self, moment: Moment) -> None:
        self._out += ("at", ago(moment, self._now_s))
        self._moments.append((len(self._out), moment.step))
        self._out.append(0)

    def until(self, at_s: float) -> None:
        """A point in time that matters only as long as it is to come."""
        kept = of_float(at_s, self._now_s)
        self._out.append(None if isinstance(kept, Moment) else kept)

    def real(self, value: float) -> None:
        kept = of_float(value, self._now_s)
        if isinstance(kept, Moment):
            self.moment(kept)
        else:
            self._out.append(kept)

    def integer(self, value: int) -> None:
        kept = of_int(value)
        if isinstance(kept, Moment):
            self.moment(kept)
        else:
            self._out.append(kept)

    def text(self, value: str) -> None:
        if len(value) >= CLOCK_DIGITS and value not in TIMELESS:
            value = self._without_clocks(value)
        self._out.append(value)

    def _without_clocks(self, value: str) -> str:
        clocks = CLOCK.findall(value)
        if not clocks:
            TIMELESS.add(value)
        for clock in clocks:
            self.integer(int(clock))
            value = value.replace(clock, "", 1)
        return value

    def sequence(self, values: Any) -> None:
        self._out.append(len(values))
        handlers = self.handlers
        for value in values:
            handlers[type(value)](self, value)

    def mapping(self, values: Mapping[Any, Any]) -> None:
        """In its own order, since whoever iterates over it sees that."""
        self._out.append(len(values))
        handlers = self.handlers
        for key, value in values.items():
            handlers[type(key)](self, key)
            handlers[type(value)](self, value)

    def waiting(self, work: Waiting) -> None:
        """A coroutine or generator between two of its steps."""
        frame = frame_of(work)
        if frame is None:
            self._out.append("over")
            return
        code = frame.f_code
        # Code is never made anew, so its address is its name; two lambdas have the same name.
        self._out += (id(code), frame.f_lasti)
        named = frame.f_locals
        self._made.append(named)
        for name, value in named.items():
            self._out.append(name)
            if name == ARRIVES:
                self._arrival(value)
            else:
                self.visit(value)
        known = {id(value) for value in named.values()}
        for value in gc.get_referents(work):
            # What is half-way through an expression or a loop has no name, but is there.
            if id(value) not in known and value is not named and not isinstance(value, OF_FRAMES):
                self.visit(value)

    def _arrival(self, at_s: float) -> None:
        kept = of_float(at_s, self._now_s)
        self._out.append(kept)
        if isinstance(kept, Moment):
            self._arrivals.append((len(self._out) - 1, kept.step))

    def iterator(self, value: Any) -> None:
        reduced = value.__reduce__()
        self._made.append(reduced)
        self._out.append(type(value).__name__)
        for part in reduced[1:]:
            self.visit(part)


OF_FRAMES: Final = (FrameType, CodeType, FunctionType)


def frame_of(work: Waiting) -> FrameType | None:
    return work.cr_frame if isinstance(work, CoroutineType) else work.gi_frame


def chain(work: Any) -> Iterator[FrameType]:
    """The frames of a coroutine that waits, from its own down to what it waits in."""
    while isinstance(work, CoroutineType | GeneratorType):
        frame = frame_of(work)
        if frame is None:
            return
        yield frame
        work = work.cr_await if isinstance(work, CoroutineType) else work.gi_yieldfrom
