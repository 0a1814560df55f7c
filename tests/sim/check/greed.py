"""A bug for the tests of small scopes."""

from collections.abc import Callable
from typing import Any

from returns.result import Failure, Result, Success

from domain.caller import Caller
from domain.identity import Pid, ProcessKey
from domain.refusal import Refusal, WrongPhase
from domain.shim import Shim
from domain.use_cases import bring_up, start


def greedy_start() -> Callable[..., Any]:
    """D04: a start that loses ends the unit of the one that won."""
    honest = start.start

    async def greedy(shim: Shim, caller: Caller, key: ProcessKey) -> Result[Pid, Refusal]:
        answer = await honest(shim, caller, key)
        match answer, shim.process(key):
            case Failure(WrongPhase()), Success((_, process)):
                await bring_up.kill_unit(shim, process)
        return answer

    return greedy
