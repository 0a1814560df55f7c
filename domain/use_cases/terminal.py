"""ResizePty and CloseIO."""

from returns.result import Failure, Result, Success

from domain.identity import ProcessKey
from domain.lifecycle import Phase
from domain.outcome import failed
from domain.refusal import Operation, Refusal, WrongPhase
from domain.shim import Shim


async def resize(shim: Shim, key: ProcessKey, width: int, height: int) -> Result[None, Refusal]:
    """Without a terminal: a success without effect, as containerd's own tests expect (R124).

    What was not started has none yet, and gets it in the size that was asked for.
    """
    found = shim.process(key)
    if failed(found):
        return Failure(found.failure())
    _, process = found.unwrap()
    if not process.is_init and process.phase is Phase.EXITED:
        return Failure(WrongPhase(Operation.RESIZE, process.phase))
    if not process.stdio.terminal or process.ending:
        return Success(None)
    if not process.unit_asked:
        process.size = (width, height)
        return Success(None)
    resized = await shim.ports.terminals.resize(key, width, height)
    return Failure(resized.failure()) if failed(resized) else Success(None)


async def close_stdin(shim: Shim, key: ProcessKey) -> Result[None, Refusal]:
    """Repeatable, and a success for a process without stdin (T228).

    A client may be done with stdin before its exec, or its restored container, has begun
    (`ctr t exec … </dev/null`). Then it is closed when the program has it: without our end
    systemd's own open of the FIFO would wait for a writer, for as long as a start may take.
    """
    found = shim.process(key)
    if failed(found):
        return Failure(found.failure())
    container, process = found.unwrap()
    begins_with_start = not process.is_init or bool(container.checkpoint)
    if begins_with_start and process.phase in {Phase.CREATED, Phase.STARTING}:
        process.stdin_ended = True
        return Success(None)
    await shim.ports.streams(process).close_stdin(key)
    return Success(None)
