"""The Runc port: the commands that the shim runs itself."""

import json
from collections.abc import Callable
from typing import Final, TypeVar

from returns.result import Failure, Result, Success

from domain.identity import NO_PID, Pid
from domain.limits import Seconds
from domain.ports.runc import RuncState, RuncTarget
from domain.refusal import DeadlinePassed, RuncFailed
from sim.faults import At
from sim.world.runc import Oci, RuncContainer
from sim.world.world import Lost

T = TypeVar("T")
Answer = Result[T, RuncFailed | DeadlinePassed]

UNKNOWN: Final = "container does not exist"
KILLED: Final = "runc did not terminate successfully"


class FakeRunc:
    """A command that is not done in time is killed, and then has no effect any more."""

    def __init__(self, oci: Oci) -> None:
        self._oci = oci

    async def start(self, target: RuncTarget, within: Seconds) -> Answer[None]:
        def act() -> Answer[None]:
            container = self._find(target)
            if container is None:
                return self._refuse(target, "start", UNKNOWN)
            if container.status != "created":
                text = "stopped" if container.status == "stopped" else "already running"
                return self._refuse(target, "start", f"cannot start a container that is {text}")
            self._oci.let_go(container)
            return Success(None)

        return await self._ask(At.RUNC_START, target, "start", (act, within))

    async def state(self, target: RuncTarget, within: Seconds) -> Answer[RuncState]:
        def act() -> Answer[RuncState]:
            container = self._find(target)
            if container is None:
                return self._refuse(target, "state", UNKNOWN)
            pid = container.init.pid if container.init.lives else NO_PID
            return Success(RuncState(self._status(container), pid))

        return await self._ask(At.RUNC_STATE, target, "state", (act, within))

    async def pause(self, target: RuncTarget, within: Seconds) -> Answer[None]:
        def act() -> Answer[None]:
            container = self._find(target)
            if container is None or self._status(container) not in {"created", "running"}:
                why = UNKNOWN if container is None else "container not running"
                return self._refuse(target, "pause", why)
            self._oci.world.kernel.freeze(container.cgroup)
            return Success(None)

        return await self._ask(At.RUNC_FREEZE, target, "pause", (act, within))

    async def resume(self, target: RuncTarget, within: Seconds) -> Answer[None]:
        def act() -> Answer[None]:
            container = self._find(target)
            if container is None or self._status(container) != "paused":
                why = UNKNOWN if container is None else "container not paused"
                return self._refuse(target, "resume", why)
            self._oci.world.kernel.thaw(container.cgroup)
            return Success(None)

        return await self._ask(At.RUNC_FREEZE, target, "resume", (act, within))

    async def pids(self, target: RuncTarget, within: Seconds) -> Answer[tuple[Pid, ...]]:
        def act() -> Answer[tuple[Pid, ...]]:
            container = self._find(target)
            if container is None:
                return self._refuse(target, "ps", UNKNOWN)
            inside = self._oci.world.kernel.inside(container.cgroup)
            return Success(tuple(process.pid for process in inside))

        return await self._ask(At.RUNC_LIST, target, "ps", (act, within))

    async def delete(self, target: RuncTarget, within: Seconds) -> Answer[None]:
        def act() -> Answer[None]:
            container = self._find(target)
            if container is not None:
                self._oci.forget(container)
            return Success(None)

        return await self._ask(At.RUNC_DELETE, target, "delete", (act, within))

    async def last_error(self, log: str) -> str | None:
        await self._oci.world.pass_through(At.RECORD_READ)
        text = self._oci.disk.file(log)
        return None if not text else str(json.loads(text.splitlines()[-1])["msg"])

    async def _ask(
        self,
        at: At,
        target: RuncTarget,
        command: str,
        asked: tuple[Callable[[], Answer[T]], Seconds],
    ) -> Answer[T]:
        act, within = asked
        answer = await self._oci.world.ask(at, act, within)
        match answer:
            case Lost.LATE:
                return Failure(DeadlinePassed(at.name, within))
            case Lost.REFUSED:
                why = "device or resource busy" if command == "delete" else UNKNOWN
                return self._refuse(target, command, why)
            case Lost.DENIED:
                return self._refuse(target, command, KILLED)
            case _:
                return answer

    def _find(self, target: RuncTarget) -> RuncContainer | None:
        return self._oci.containers.get((target.root, target.owner.container))

    def _status(self, container: RuncContainer) -> str:
        if container.init.lives and self._oci.world.kernel.is_frozen(container.cgroup):
            return "paused"
        return container.status

    def _refuse(self, target: RuncTarget, command: str, why: str) -> Failure[RuncFailed]:
        return Failure(RuncFailed(command, self._oci.fail(target.log, why)))
