"""How jobs end: JobRemoved, matched by the job's object path (F51, F58)."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from domain.unit import JobResult


class JobWatch:
    """The ends of one unit's jobs since the watch began."""

    def __init__(self) -> None:
        self._results: dict[str, JobResult] = {}
        self._news = asyncio.Event()

    def result(self, job: str) -> JobResult | None:
        return self._results.get(job)

    def end(self, job: str, result: JobResult) -> None:
        self._results[job] = result
        self._news.set()

    def look_again(self) -> None:
        """Signals may have been lost: wakes whoever waits."""
        self._news.set()

    async def wait_news(self, seconds: float) -> None:
        """Until something ended, or the time is over."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()


class Jobs:
    """Whose jobs somebody waits for; a watch begins before the call that makes the job, since
    its end can come in the same read as that call's answer."""

    def __init__(self) -> None:
        self._watches: dict[str, set[JobWatch]] = {}

    @contextmanager
    def watch(self, unit: str) -> Iterator[JobWatch]:
        watch = JobWatch()
        self._watches.setdefault(unit, set()).add(watch)
        try:
            yield watch
        finally:
            self._watches[unit].discard(watch)
            if not self._watches[unit]:
                del self._watches[unit]

    def removed(self, body: list[Any]) -> None:
        """JobRemoved(id, job, unit, result)."""
        _, job, unit, result = body
        for watch in self._watches.get(unit, ()):
            watch.end(job, job_result(result))

    def look_again(self) -> None:
        for watches in self._watches.values():
            for watch in watches:
                watch.look_again()


def job_result(text: str) -> JobResult:
    """Results without a name of ours (`assert`, `unsupported`, `collected`, `once`, …) are all
    ways not to get what was asked."""
    try:
        return JobResult(text)
    except ValueError:
        return JobResult.FAILED
