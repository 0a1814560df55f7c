"""The task API's calls as a simulated client makes them."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from returns.result import Success

from domain.caller import Caller
from domain.identity import ContainerKey, ProcessKey
from domain.request import CreateRequest, ExecRequest
from domain.shim import Shim
from domain.unit import Whom
from domain.use_cases import add_exec as exec_rule
from domain.use_cases import clean_up as clean_up_rule
from domain.use_cases import create as create_rule
from domain.use_cases import delete as delete_rule
from domain.use_cases import kill as kill_rule
from domain.use_cases import pause as pause_rule
from domain.use_cases import query, terminal
from domain.use_cases import start as start_rule
from sim.client import Answer, Ask
from sim.world.kernel import SIGKILL, SIGNAL_MAX

# How many columns and rows a terminal is asked to have.
SCREEN: Final = (80, 25)
# A number that no signal has.
NO_SIGNAL: Final = SIGNAL_MAX + 1

# The rules are looked up when they are called: a test that puts a bug into one replaces it there.


def create(request: CreateRequest) -> Ask[Any]:
    return lambda shim, caller: create_rule.create(shim, caller, request)


def start(key: ProcessKey) -> Ask[Any]:
    return lambda shim, caller: start_rule.start(shim, caller, key)


def add_exec(request: ExecRequest) -> Ask[Any]:
    return lambda shim, _: exec_rule.add_exec(shim, request)


def wait(key: ProcessKey) -> Ask[Any]:
    return lambda shim, caller: query.wait(shim, caller, key)


def delete(key: ProcessKey) -> Ask[Any]:
    return lambda shim, caller: delete_rule.delete(shim, caller, key)


def clean_up(owner: ContainerKey, bundle: str) -> Ask[Any]:
    return lambda shim, caller: clean_up_rule.clean_up(shim, caller, owner, bundle)


def kill(key: ProcessKey, signal: int, whom: Whom = Whom.ALL) -> Ask[Any]:
    return lambda shim, _: kill_rule.kill(shim, key, signal, whom)


def pause(owner: ContainerKey) -> Ask[Any]:
    return lambda shim, _: pause_rule.pause(shim, owner)


def resume(owner: ContainerKey) -> Ask[Any]:
    return lambda shim, _: pause_rule.resume(shim, owner)


def pids(owner: ContainerKey) -> Ask[Any]:
    return lambda shim, _: query.pids(shim, owner)


def resize(key: ProcessKey) -> Ask[Any]:
    return lambda shim, _: terminal.resize(shim, key, *SCREEN)


def close_stdin(key: ProcessKey) -> Ask[Any]:
    return lambda shim, _: terminal.close_stdin(shim, key)


def state(key: ProcessKey) -> Ask[Any]:
    async def ask(shim: Shim, _: Caller) -> Answer[Any]:
        return query.state(shim, key)

    return ask


def connect(owner: ContainerKey) -> Ask[Any]:
    async def ask(shim: Shim, _: Caller) -> Answer[Any]:
        return Success(query.connect(shim, owner))

    return ask


# What can be asked of anything that is there, by the name of the call.
OF_A_PROCESS: Final[Mapping[str, Callable[[ProcessKey], Ask[Any]]]] = {
    "start": start,
    "kill": lambda key: kill(key, SIGKILL),
    "state": state,
    "wait": wait,
    "delete": delete,
    "resize": resize,
    "close stdin": close_stdin,
}
OF_A_CONTAINER: Final[Mapping[str, Callable[[ContainerKey], Ask[Any]]]] = {
    "pause": pause,
    "resume": resume,
    "pids": pids,
}
