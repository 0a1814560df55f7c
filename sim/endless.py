"""A rule that goes round and round without an await: the scheduler cannot end it, an alarm can."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# Of the processor's time. A seed takes milliseconds.
SEED_S: Final = 5.0
# Then again and again: thrown into what Python throws away itself it is ignored.
AGAIN_S: Final = 0.1


class Endless(BaseException):
    """Thrown into a rule that does not end: an `Exception` would be taken for a bug of its own."""


@contextmanager
def broken_off() -> Iterator[None]:
    """Raises `Endless` when it takes too long; in the main thread alone, where signals arrive."""

    def ring(*_: object) -> None:
        raise Endless

    try:
        before = signal.signal(signal.SIGVTALRM, ring)
    except ValueError:  # another thread
        yield
        return
    signal.setitimer(signal.ITIMER_VIRTUAL, SEED_S, AGAIN_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        signal.signal(signal.SIGVTALRM, before)
