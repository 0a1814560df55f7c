"""What the client of a scene asks for, and how its answers are read."""

import json
from typing import Any, Final

from returns.result import Failure, Result

from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, ProcessKey
from domain.refusal import Refusal
from domain.request import CreateRequest, ExecRequest, Mount, RuntimeOptions, Stdio
from sim.world.kernel import Program
from sim.world.runc import MISSING, args_of

WEB: Final = ContainerKey(Namespace("default"), ContainerId("web"))
INIT: Final = ProcessKey(WEB)
EXEC: Final = ProcessKey(WEB, ExecId("sh"))
BUNDLE: Final = "/run/bundles/web"
ROOTFS: Final = (Mount("bind", "/image", "", ("bind",)),)

STAYS: Final = Program(runs_s=None)


def asked(
    *,
    terminal: bool = False,
    checkpoint: str = "",
    debug: bool = False,
    rootfs: tuple[Mount, ...] = ROOTFS,
    options: RuntimeOptions | None = None,
) -> CreateRequest:
    """A Create as containerd sends it."""
    return CreateRequest(
        owner=WEB,
        bundle=BUNDLE,
        rootfs=rootfs,
        stdio=Stdio("/fifo/in", "/fifo/out", "/fifo/err", terminal=terminal),
        checkpoint=checkpoint,
        options=options or RuntimeOptions(),
        debug=debug,
    )


def exec_asked(
    program: Program | None = STAYS, key: ProcessKey = EXEC, *, terminal: bool = False
) -> ExecRequest:
    args = (MISSING,) if program is None else args_of(program)
    spec = json.dumps({"args": args}).encode()
    return ExecRequest(key, Stdio(stdout="/fifo/out", terminal=terminal), spec)


def refused(outcome: Result[Any, Refusal]) -> Refusal:
    """Why it was refused; a success fails the test."""
    assert isinstance(outcome, Failure), outcome
    why: Refusal = outcome.failure()
    return why
