"""When Python looks for garbage: between two worlds, and never in the middle of a step."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def swept_by_hand() -> Iterator[None]:
    """Until the end nobody looks but who calls `gc.collect`.

    A coroutine that is thrown away runs its `finally` clauses; and looking again and again through
    a world that lives takes a tenth of the time that it lives.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
