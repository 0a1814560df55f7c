"""Kill: a signal for an init through its unit, for an exec's program by its very process."""

from typing import Final

from returns.result import Failure, Result, Success

from domain.identity import NO_PID, ProcessKey
from domain.lifecycle import Phase
from domain.outcome import failed
from domain.refusal import (
    AlreadyFinished,
    InvalidArgument,
    NoSuchUnit,
    NotCreatedYet,
    Refusal,
)
from domain.shim import Shim
from domain.task import Container, Process
from domain.unit import Whom
from domain.use_cases.exits import SIGKILL, look_at
from domain.use_cases.found_again import found_again
from domain.use_cases.freezer import thaw, thaw_unpaused

SIGNAL_MAX: Final = 64


async def kill(shim: Shim, key: ProcessKey, signal: int, whom: Whom) -> Result[None, Refusal]:
    """Returns when the signal is sent, not when it has had its effect (T149)."""
    found = shim.process(key)
    if failed(found):
        return Failure(found.failure())
    container, process = found.unwrap()
    if not 0 <= signal <= SIGNAL_MAX:
        return Failure(InvalidArgument(f"no signal has the number {signal}"))
    if process.ending:
        return Failure(AlreadyFinished())
    if process.is_init:
        answer = await _kill_init(shim, container, signal, whom)
    else:
        answer = await _kill_exec(shim, container, process, signal)
    match answer:
        case Failure(NotCreatedYet()) if container.recovery is not None:
            # Its Start may have been answered: that is being found out, and whom to kill.
            unknown = await found_again(shim, container.recovery)
            return Failure(unknown) if unknown is not None else await kill(shim, key, signal, whom)
        case _:
            return answer


async def _kill_init(
    shim: Shim, container: Container, signal: int, whom: Whom
) -> Result[None, Refusal]:
    init = container.init
    if not init.unit_asked:
        return Failure(NotCreatedYet())  # from a checkpoint: nobody is there before Start
    if signal == 0:
        return Success(None)  # "is it alive?" (T155); systemd takes no such signal
    if init.pid == NO_PID and init.phase is Phase.STARTING:
        # A restore under way: systemd knows no main process, and would send it to nobody.
        if signal != SIGKILL:
            return Failure(NotCreatedYet())
        whom = Whom.ALL
    match await shim.ports.units.kill(init.ref, whom, signal):
        case Failure(NoSuchUnit()):
            look_at(shim, ((container, init),))
            return Failure(AlreadyFinished())
        case Failure(why):
            return Failure(why)
        case _:
            pass
    if signal == SIGKILL:
        await thaw(shim, container, init)
    return Success(None)


async def _kill_exec(
    shim: Shim, container: Container, process: Process, signal: int
) -> Result[None, Refusal]:
    if process.phase in {Phase.CREATED, Phase.STARTING}:
        return Failure(NotCreatedYet())
    if process.program is None:
        return Failure(AlreadyFinished())  # it was gone before it could be identified
    if signal == 0:
        return Success(None)
    if failed(await shim.ports.processes.signal(process.program, signal)):
        return Failure(AlreadyFinished())
    if signal == SIGKILL:
        await thaw_unpaused(shim, container, process)
    return Success(None)
