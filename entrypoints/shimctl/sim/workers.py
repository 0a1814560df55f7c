"""Where batches are played: here, in processes of this machine, or wherever an executor leads."""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

if TYPE_CHECKING:
    from sim.explore.search import Batch, Search
    from sim.summary import Summary

P = ParamSpec("P")
T = TypeVar("T")

# While one batch is played the next one of a worker waits at its door.
EACH: Final = 2


class Here(Executor):
    """Plays at once, in this process."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


def worth_it(jobs: int, seeds: int) -> int:
    """How many processes so many seeds are worth: one takes longer to start than a batch."""
    from sim.explore.search import BATCH  # noqa: PLC0415 (200 ms)

    return 1 if seeds <= BATCH else jobs


@contextmanager
def local(jobs: int) -> Iterator[Executor]:
    """`jobs` processes; with one it is this one."""
    if jobs == 1:
        yield Here()
        return
    # Not by fork: the children of a process with threads may not wake up.
    spawned = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=spawned, initializer=_end_with_the_parent)
    try:
        yield pool
    finally:
        # Whoever ends early waits for no batch that nobody has begun.
        pool.shutdown(cancel_futures=True)


def _end_with_the_parent() -> None:
    """A pool's process waits for its next batch for ever, also when its parent was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def explore(
    search: "Search", executor: Executor, ahead: int, is_over: Callable[[], bool]
) -> Iterator["Summary"]:
    """Plays the search's batches, `ahead` of them at a time, until they or the time are over.

    Each one's summary in the order in which they were made, when the search has learned from it.
    """
    from sim.explore.search import play_batch  # noqa: PLC0415 (200 ms)

    batches = search.batches()
    flying: deque[Future[Any]] = deque()

    def take_off(batch: "Batch | None") -> bool:
        if batch is not None:
            flying.append(executor.submit(play_batch, batch))
        return batch is not None

    while True:
        while len(flying) < ahead and not is_over() and take_off(next(batches, None)):
            pass
        if not flying:
            return
        summary = flying.popleft().result()
        search.learn(summary)
        yield summary
