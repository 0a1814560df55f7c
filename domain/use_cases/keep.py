"""Writing a container down: one save at a time, and never an older state over a newer one."""

from returns.result import Failure, Result, Success

from domain.outcome import failed
from domain.refusal import RecordFailed
from domain.shim import Shim
from domain.task import Container


async def keep(shim: Shim, container: Container) -> Result[None, RecordFailed]:
    """Returns once what the container is now (or later) is on disk, or cannot be.

    Callers that come while a save runs share the next one, and what is on disk already is not
    written again. A failure is logged here; memory and systemd stay the authority (F116), so most
    rules go on.
    """
    container.changes += 1
    mine = container.changes
    while container.kept < mine and not container.forgotten:
        if container.keeping is not None:
            await shim.ports.concurrency.first_of((container.keeping,), None)
            continue
        container.keeping = latch = shim.ports.concurrency.latch()
        covers = container.changes
        container.keep_failure = await _save(shim, container)
        container.kept = covers
        container.keeping = None
        latch.open()
    return Success(None) if container.keep_failure is None else Failure(container.keep_failure)


async def forget(shim: Shim, container: Container) -> None:
    """Removes the record for good: a save that comes late writes nothing."""
    container.forgotten = True
    while container.keeping is not None:
        await shim.ports.concurrency.first_of((container.keeping,), None)
    match await shim.ports.records.remove(container.owner, container.life):
        case Failure(why):
            shim.lost("the record of a deleted container stays", container.owner, why)
            shim.unforgotten.append(container)


async def forget_the_rest(shim: Shim) -> None:
    """Tries again to remove what could not be removed."""
    rest, shim.unforgotten = shim.unforgotten, []
    for container in rest:
        await forget(shim, container)


async def _save(shim: Shim, container: Container) -> RecordFailed | None:
    record = container.record()
    if record == container.saved:
        return None
    container.saved = None  # how far a save comes that fails, nobody knows
    outcome = await shim.ports.records.save(record)
    if failed(outcome):
        why: RecordFailed = outcome.failure()
        shim.lost("not written down", container.owner, why)
        return why
    container.saved = record
    return None
