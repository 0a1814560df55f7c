"""Blocking work in a thread that nobody has to wait for.

A mount on a dead server stays in the kernel for minutes. In asyncio's own pool six of them would
hold up everybody else's work, and the daemon's exit as well, which joins that pool. So each
piece of work has a thread of its own that dies with the process.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Final, TypeVar

from returns.result import Failure, Result, Success

from domain.limits import Seconds
from domain.refusal import DeadlinePassed

Answer = TypeVar("Answer")


class Patience:
    """Whether somebody still waits: worker and waiter must not both believe they were last."""

    def __init__(self) -> None:
        self._lock: Final = threading.Lock()
        self._lost: Final = threading.Event()
        self._answered = False

    def lost(self, within: float = 0) -> bool:
        """The worker's question; True at once or within that many seconds if nobody waits."""
        return self._lost.wait(within)

    def answer(self) -> bool:
        """The worker is done. False: nobody waits any more, so its work must be undone."""
        with self._lock:
            self._answered = not self._lost.is_set()
            return self._answered

    def lose(self) -> bool:
        """The waiter goes. False: the worker was faster, and its answer is on the way."""
        with self._lock:
            if not self._answered:
                self._lost.set()
            return not self._answered


async def in_own_thread(
    name: str, within: Seconds, work: Callable[[Patience], Answer]
) -> Result[Answer, DeadlinePassed]:
    """What `work` answers, if it does so in time; `name` says what was waited for.

    When the wait ends first, by the deadline or because the caller is cancelled, `work` goes on
    and learns it from its Patience. An exception in `work` is raised here.
    """
    loop = asyncio.get_running_loop()
    patience = Patience()
    answer: asyncio.Future[Answer] = loop.create_future()

    def tell(outcome: Answer | BaseException) -> None:
        if answer.cancelled():
            return
        if isinstance(outcome, BaseException):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)

    def run() -> None:
        outcome: Answer | BaseException
        try:
            outcome = work(patience)
        except BaseException as exception:  # noqa: BLE001 - it is raised again where it is awaited
            outcome = exception
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            loop.call_soon_threadsafe(tell, outcome)

    threading.Thread(target=run, name=name, daemon=True).start()
    try:
        await asyncio.wait((answer,), timeout=within)
    except asyncio.CancelledError:
        patience.lose()
        answer.cancel()
        raise
    if not answer.done() and patience.lose():
        answer.cancel()
        return Failure(DeadlinePassed(name, within))
    return Success(await answer)
