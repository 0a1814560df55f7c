"""Waits for a job's end, although the signal that tells it can be lost (F53, F57, F58)."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from returns.result import Failure, Result, Success

from adapters.systemd import calls
from adapters.systemd.bus import CallRefused
from adapters.systemd.jobs import JobWatch
from adapters.systemd.link import Link, remaining
from adapters.systemd.reading import current_activity
from domain import limits
from domain.refusal import DeadlinePassed, SystemdAway
from domain.unit import Activity, JobResult
from domain.unit_name import UnitName

# The signal is the rule, so the first look is late; a create that hangs for its 120 s is looked
# at a dozen times.
LOOK_FIRST_S: Final = 1.0
LOOK_LAST_S: Final = 16.0


class JobKind(Enum):
    START = "start"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Job:
    kind: JobKind
    unit: UnitName
    path: str  # on the bus; never used again by systemd


async def job_end(
    link: Link, watch: JobWatch, job: Job, deadline: float
) -> Result[JobResult, SystemdAway | DeadlinePassed]:
    """The job's result, by the signal, or by what the unit looks like once the job is gone.

    A connection that is lost meanwhile is waited for: the job goes on without it.
    """
    waited = remaining(deadline)
    pause = LOOK_FIRST_S
    while True:
        left = remaining(deadline)
        await watch.wait_news(min(pause, left))
        if (result := watch.result(job.path)) is not None:
            return Success(result)
        if not left:
            return Failure(DeadlinePassed(f"{job.kind.value} job of {job.unit}", waited))
        pause = min(pause * 2, LOOK_LAST_S)
        if (looked := await _look(link, job, deadline)) is not None:
            # Its signal was sent before the answer that it is gone, and is here if at all.
            return Success(watch.result(job.path) or looked)


async def _look(link: Link, job: Job, deadline: float) -> JobResult | None:
    """None: the job is still there, or nobody answers."""
    within = min(remaining(deadline), limits.BUS)
    match await link.up(within):
        case Success(bus):
            pass
        case _:
            return None
    match await bus.call(calls.get(job.path, calls.JOB, "State"), within):
        case Failure(CallRefused(error, _)) if error in calls.NO_UNIT:
            pass
        case _:
            return None
    match await current_activity(bus, job.unit, deadline):
        case Success(activity):
            return result_seen(job.kind, activity)
        case _:
            return None


def result_seen(kind: JobKind, activity: Activity | None) -> JobResult:
    """What a job must have done to leave the unit like this; None: it is not loaded."""
    match kind, activity:
        case JobKind.START, Activity.ACTIVE:
            return JobResult.DONE
        case JobKind.STOP, Activity.INACTIVE | Activity.FAILED | None:
            return JobResult.DONE
        case JobKind.STOP, _:
            return JobResult.CANCELED
        case _:
            return JobResult.FAILED
