"""What two clients ask of the shim, one call at a time, and what they come to believe."""

import json
from typing import Any, Final

from returns.result import Failure, Success

from domain.identity import NO_PID, ContainerId, ContainerKey, ExecId, Namespace, ProcessKey
from domain.lifecycle import Phase
from domain.refusal import DeadlinePassed, RuncFailed, UnknownContainer, UnknownExec
from domain.request import CreateRequest, ExecRequest, Mount, RuntimeOptions, Stdio
from domain.unit import Whom
from sim import requests
from sim.client import Answer, Ask
from sim.life import Round
from sim.safety import IDLE_REFUSALS
from sim.world.disk import Bundle
from sim.world.kernel import SIGKILL, Program
from sim.world.runc import MISSING, args_of
from tests.sim.belief import OVER, Belief, ContainerBelief
from tests.sim.beliefs import Beliefs
from tests.sim.stage import ADDRESS, Stage

# Two containers of one id (S33).
NAMES: Final = (("default", "web"), ("other", "web"))
OWNERS: Final = tuple(ContainerKey(Namespace(ns), ContainerId(name)) for ns, name in NAMES)
TRIES_MAX: Final = 50
# A hint whose reading was lost is made up for by the resync, a minute later.
RETRY_S: Final = 5.0


class Talk:
    """Every method is one call with all that follows from its answer."""

    def __init__(self, seed: int) -> None:
        self.stage = Stage(seed, NAMES)
        self.beliefs = Beliefs(self.stage)

    def create(self, owner: ContainerKey, drawn: Round, program: Program | None) -> None:
        life = self.stage.lives[owner]
        known = self.beliefs.of.get(owner)
        if known is not None and known.init.doubtful:
            self.clean_up(owner)  # as containerd does before it goes on
            return
        request = self._request(owner, drawn)
        if known is None:
            drawn.request = request
            if life.rounds[0].begun_s == 0.0:
                life.rounds.clear()
            life.rounds.append(drawn)
            args = (MISSING,) if program is None else args_of(program)
            bundle = Bundle(args, private_pid_namespace=drawn.private_pid_namespace)
            self.stage.machine.disk.bundles[life.bundle] = bundle
        answer = self.stage.ask("create", life.init, requests.create(request))
        self.beliefs.expect(answer, granted=known is None and program is not None)
        if known is not None:
            return
        believed = ContainerBelief(Belief(program, drawn.private_pid_namespace), NO_PID)
        self.beliefs.of[owner] = believed
        match answer:
            case Success(pid):
                drawn.created = True
                believed.pid = pid
            case _:
                drawn.unanswered = answer is None
                believed.may_be_gone()
                self.clean_up(owner)

    def _request(self, owner: ContainerKey, drawn: Round) -> CreateRequest:
        return CreateRequest(
            owner=owner,
            bundle=self.stage.lives[owner].bundle,
            rootfs=(Mount("bind", "/image", "", ("bind",)),),
            stdio=Stdio(stdout=f"/fifo/{owner}/out", terminal=drawn.terminal),
            checkpoint="",
            options=RuntimeOptions(),
            publish_to=ADDRESS,
        )

    def start(self, key: ProcessKey, *, patient: bool) -> None:
        granted = self.beliefs.granted(key, lambda container: container.start(key.exec_id))
        answer = self.stage.ask("start", key, requests.start(key), patient=patient)
        self.beliefs.expect(answer, granted=granted)
        self._learn_of_start(key, answer)

    def start_twice_at_once(self, key: ProcessKey) -> None:
        granted = self.beliefs.granted(key, lambda container: container.start(key.exec_id))
        begun = [
            self.stage.begin("start", key, requests.start(key), patient=True) for _ in range(2)
        ]
        answers = [self.stage.finish(call) for call in begun]
        won = [answer for answer in answers if isinstance(answer, Success)]
        if len(won) > 1 or (won and granted is False):
            self.stage.fail(f"{len(won)} starts of {key} won")
        if not won and granted and None not in answers and self.stage.is_calm:
            self.stage.fail(f"no start of {key} won")
        for answer in (*(each for each in answers if each not in won), *won):
            self._learn_of_start(key, answer)

    def _learn_of_start(self, key: ProcessKey, answer: Answer[Any] | None) -> None:
        container = self.beliefs.of.get(key.owner)
        asked = self.beliefs.process(key)
        if container is None or asked is None:
            return
        match answer:
            case Success(pid):
                if asked is container.init and container.pid not in {NO_PID, pid}:
                    self.stage.fail(f"{key} has pid {container.pid}, its start answers {pid}")
                asked.starts()
            case Failure(why) if isinstance(why, IDLE_REFUSALS):
                pass  # nothing was touched
            case _:
                asked.may_have_started()

    def add_exec(self, key: ProcessKey, program: Program | None, *, terminal: bool) -> None:
        container = self.beliefs.of.get(key.owner)
        if container is not None and container.is_used_up(key.exec_id):
            return
        granted = self.beliefs.granted(ProcessKey(key.owner), ContainerBelief.add_exec)
        if container is not None and key.exec_id in container.execs:
            granted = None if container.execs[key.exec_id].doubtful else False
        args = (MISSING,) if program is None else args_of(program)
        stdio = Stdio(stdout=f"/fifo/{key}/out", terminal=terminal)
        request = ExecRequest(key, stdio, json.dumps({"args": args}).encode())
        answer = self.stage.ask("exec", key, requests.add_exec(request))
        if not isinstance(answer, Failure):
            self.stage.lives[key.owner].rounds[-1].execs[key] = request
        self.beliefs.expect(answer, granted=granted)
        if container is None or key.exec_id is None or isinstance(answer, Failure):
            return
        added = Belief(program, is_pid1=False, doubtful=answer is None)
        container.execs[key.exec_id] = added

    def kill(self, key: ProcessKey, signal: int, whom: Whom) -> None:
        granted = self.beliefs.granted(key, lambda container: container.kill(key.exec_id))
        self.beliefs.expect(
            self.stage.ask("kill", key, requests.kill(key, signal, whom)), granted=granted
        )
        container, asked = self.beliefs.of.get(key.owner), self.beliefs.process(key)
        if container is None or asked is None:
            return
        if key.exec_id is None and whom is Whom.ALL:
            container.hit_all(signal)
        else:
            asked.hit(signal)

    def pause(self, owner: ContainerKey, *, patient: bool) -> None:
        self._move("pause", owner, requests.pause(owner), Phase.RUNNING, patient=patient)

    def resume(self, owner: ContainerKey, *, patient: bool) -> None:
        self._move("resume", owner, requests.resume(owner), Phase.PAUSED, patient=patient)

    def _move(
        self, what: str, owner: ContainerKey, ask: Ask[Any], needed: Phase, *, patient: bool
    ) -> None:
        key = ProcessKey(owner)
        granted = self.beliefs.granted(key, lambda container: container.moves(needed))
        answer = self.stage.ask(what, key, ask, patient=patient)
        self.beliefs.expect(answer, granted=granted)
        init = self.beliefs.process(key)
        if init is None:
            return
        moved = {Phase.RUNNING, Phase.PAUSED} - {needed}
        match answer:
            case Success():
                init.phases = frozenset(moved)
                init.perhaps_frozen = False
            case None | Failure(DeadlinePassed() | RuncFailed()) if granted is not False:
                init.perhaps_frozen = True  # done all the same, perhaps (S34)
            case _:
                pass

    def wait(self, key: ProcessKey) -> None:
        """Nobody waits for the answer here."""
        self.stage.waiting.append(self.stage.begin("wait", key, requests.wait(key), patient=True))

    def state(self, key: ProcessKey) -> None:
        granted = self.beliefs.granted(key, lambda _: True)
        self.beliefs.expect(self.stage.ask("state", key, requests.state(key)), granted=granted)

    def pids(self, owner: ContainerKey) -> None:
        key = ProcessKey(owner)
        granted = self.beliefs.granted(key, ContainerBelief.pids)
        answer = self.stage.ask("pids", key, requests.pids(owner))
        self.beliefs.expect(answer, granted=granted)
        believed = self.beliefs.of.get(owner)
        lives = believed is not None and not believed.init.mortal and believed.init.phases != OVER
        match answer:
            case Success(listed) if believed is not None and lives and self.stage.is_calm:
                if believed.pid not in {each.pid for each in listed}:
                    self.stage.fail(f"{owner} has pid {believed.pid}, its pids are {listed}")
            case _:
                pass

    def connect(self, owner: ContainerKey) -> None:
        answer = self.stage.ask("connect", ProcessKey(owner), requests.connect(owner))
        believed = self.beliefs.of.get(owner)
        expected = NO_PID if believed is None else believed.pid
        if believed is not None and believed.init.doubtful:
            return
        if isinstance(answer, Success) and answer.unwrap() != expected:
            self.stage.fail(f"{owner} has pid {expected}, connect answers {answer.unwrap()}")

    def delete(self, key: ProcessKey, *, patient: bool) -> None:
        granted = self.beliefs.granted(key, lambda container: container.delete(key.exec_id))
        answer = self.stage.ask("delete", key, requests.delete(key), patient=patient)
        self.beliefs.expect(answer, granted=granted)
        container, asked = self.beliefs.of.get(key.owner), self.beliefs.process(key)
        if container is None or asked is None or (granted is False and answer is not None):
            return
        match answer, key.exec_id:
            case Success(), None:
                self.beliefs.gone(key.owner)
            case Success(), str() as exec_id:
                container.forget(ExecId(exec_id))
            case _, None:
                container.may_be_gone()
            case _:
                asked.doubtful = True

    def clean_up(self, owner: ContainerKey) -> None:
        life = self.stage.lives[owner]
        answer = self.stage.ask("clean up", life.init, requests.clean_up(owner, life.bundle))
        self.beliefs.expect(answer, granted=True)
        if isinstance(answer, Success):
            self.beliefs.gone(owner)
        elif owner in self.beliefs.of:
            self.beliefs.of[owner].may_be_gone()

    def at_once(self, key: ProcessKey, first: str, second: str) -> None:
        """Two calls at once: whatever comes of it, the model has to look again."""
        asks: dict[str, tuple[ProcessKey, Ask[Any]]] = {
            "start": (key, requests.start(key)),
            "kill": (key, requests.kill(key, SIGKILL)),
            "delete": (key, requests.delete(key)),
            "pause": (ProcessKey(key.owner), requests.pause(key.owner)),
            "resume": (ProcessKey(key.owner), requests.resume(key.owner)),
        }
        begun = [
            self.stage.begin(what, whose, ask, patient=True)
            for what in (first, second)
            for whose, ask in (asks[what],)
        ]
        ended = [isinstance(self.stage.finish(call), Success) for call in begun]
        if key.exec_id is None and ("delete", True) in zip((first, second), ended, strict=True):
            self.beliefs.gone(key.owner)
        if key.owner in self.beliefs.of:
            self.beliefs.of[key.owner].shaken()

    def end(self) -> None:
        """Everybody is deleted, and then nothing is left."""
        self.stage.until_it_serves()
        for owner in OWNERS:
            self._delete_for_good(owner)
        broken = self.stage.verdict()
        if broken:
            self.stage.fail("\n".join(map(str, broken)))

    def _delete_for_good(self, owner: ContainerKey) -> None:
        init = ProcessKey(owner)
        for _ in range(TRIES_MAX):
            self.stage.ask("kill", init, requests.kill(init, SIGKILL))
            self.stage.pass_time(RETRY_S)
            match self.stage.ask("delete", init, requests.delete(init)):
                case Success() | Failure(UnknownContainer() | UnknownExec()):
                    break
                case _:
                    pass
        else:
            self.stage.fail(f"{owner} cannot be deleted (L4)")
        self.clean_up(owner)
        if owner in self.beliefs.of:
            self.stage.fail(f"{owner} cannot be cleaned up (L4)")
