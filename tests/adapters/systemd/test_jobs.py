import pytest

from adapters.systemd.job_end import JobKind, result_seen
from adapters.systemd.jobs import Jobs, job_result
from domain.unit import Activity, JobResult


def test_the_end_of_a_watched_units_job_is_kept_by_the_jobs_path() -> None:
    jobs = Jobs()
    with jobs.watch("a.service") as watch:
        jobs.removed([1, "/job/1", "a.service", "done"])
        jobs.removed([2, "/job/2", "a.service", "failed"])
        jobs.removed([3, "/job/3", "b.service", "done"])
    assert watch.result("/job/1") is JobResult.DONE
    assert watch.result("/job/2") is JobResult.FAILED
    assert watch.result("/job/3") is None


def test_two_watches_of_one_unit_do_not_end_each_other() -> None:
    jobs = Jobs()
    with jobs.watch("a.service") as first:
        with jobs.watch("a.service") as second:
            pass
        jobs.removed([1, "/job/1", "a.service", "done"])
    assert first.result("/job/1") is JobResult.DONE
    assert second.result("/job/1") is None


def test_nothing_is_kept_of_units_that_nobody_watches() -> None:
    jobs = Jobs()
    with jobs.watch("a.service"):
        pass
    jobs.removed([1, "/job/1", "a.service", "done"])
    assert not jobs._watches


@pytest.mark.parametrize("result", JobResult)
def test_every_result_with_a_name_of_ours_is_itself(result: JobResult) -> None:
    assert job_result(result.value) is result


@pytest.mark.parametrize("text", ["assert", "unsupported", "collected", "once", "frozen", "new"])
def test_a_result_without_a_name_of_ours_is_a_failure(text: str) -> None:
    assert job_result(text) is JobResult.FAILED


@pytest.mark.parametrize("activity", [*Activity, None])
@pytest.mark.parametrize("kind", JobKind)
def test_a_job_whose_signal_was_lost_is_done_only_if_the_unit_shows_it(
    kind: JobKind, activity: Activity | None
) -> None:
    shows: dict[JobKind, set[Activity | None]] = {
        JobKind.START: {Activity.ACTIVE},
        JobKind.STOP: {Activity.INACTIVE, Activity.FAILED, None},
    }
    is_done = result_seen(kind, activity) is JobResult.DONE
    assert is_done == (activity in shows[kind])
