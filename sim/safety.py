"""What must hold of calls, their answers and their effects, against the kernel's truth."""

from collections.abc import Iterator
from typing import Final

from returns.result import Failure, Success

from domain import bundle_files
from domain.exit_status import UNKNOWN, MainCode
from domain.identity import NO_PID, Pid, ProcessKey
from domain.lifecycle import Phase
from domain.refusal import (
    BeingDeleted,
    ContainerExists,
    ContainerNotStarted,
    InitNotRunning,
    RecordFailed,
    UnknownContainer,
    UnknownExec,
    WrongPhase,
)
from domain.unit import Activity, JobResult
from domain.unit_name import unit_name
from domain.use_cases.query import ProcessView
from sim.client import Call
from sim.life import Life
from sim.outcome import Outcome, begun_s_of, round_of, was_sent_kill
from sim.world.kernel import KernelProcess

UNMOUNT_FAILS: Final = "F106"

# Refusals of a Start that must have no effect at all.
IDLE_REFUSALS: Final = (
    WrongPhase,
    BeingDeleted,
    UnknownContainer,
    UnknownExec,
    ContainerNotStarted,
    InitNotRunning,
)
# The last record of a create, the one that takes it back, and the removal.
RECORDS_OF_A_FAILED_CREATE: Final = 3
# How far on in its life a process is; nobody ever sees it go back.
RANK: Final = {
    Phase.CREATED: 0,
    Phase.STARTING: 1,
    Phase.RUNNING: 2,
    Phase.PAUSED: 2,
    Phase.EXITED: 3,
    Phase.DELETED: 4,
}


def s9_nobody_is_killed_unasked(outcome: Outcome) -> Iterator[str]:
    """A process ends by a signal only if somebody asked for that, or its container ended."""
    for life in outcome.lives:
        for key in _keys(outcome, life):
            for process in outcome.processes(key):
                if process.code is MainCode.KILLED and not _was_asked(outcome, life, key, process):
                    yield f"{key} (pid {process.pid}) was killed, and nobody had asked for it"


def _was_asked(outcome: Outcome, life: Life, key: ProcessKey, killed: KernelProcess) -> bool:
    if unit_name(life.init) in outcome.touched or unit_name(key) in outcome.touched:
        return True
    if key != life.init and any(
        init.born_at <= killed.born_at and not init.lives and init.ended_at <= killed.ended_at
        for init in outcome.processes(life.init)
    ):
        return True
    return any(
        _is_reason(call, key, killed)
        or _had_its_pid(outcome, call, killed)
        or _came_up_late(outcome, call, key, killed)
        for call in outcome.calls(life)
        if call.begun_s <= killed.ended_at
    )


def _came_up_late(outcome: Outcome, call: Call, key: ProcessKey, killed: KernelProcess) -> bool:
    """While its start was swept away, whose job systemd had said to be canceled (F50)."""
    if "F50" not in outcome.fired or call.what != "start" or call.key != key:
        return False
    unit = outcome.unit_of(killed)
    if unit is None or unit.main is None or unit.job.result is not JobResult.CANCELED:
        return False
    return was_sent_kill(unit.main, call.ended_s)  # its program ends with it, or soon after


def _had_its_pid(outcome: Outcome, call: Call, killed: KernelProcess) -> bool:
    """Whom it was meant for: dead before it was identified, and its pid another's beside it.

    Two programs of one container cannot be told apart then (F29; docs/findings/simulator.md).
    """
    is_reused = call.what in {"kill", "start"} and "F29" in outcome.fired
    return is_reused and any(
        each.pid == killed.pid and not each.lives and each.ended_at <= killed.born_at
        for each in outcome.processes(call.key)
    )


def _is_reason(call: Call, key: ProcessKey, killed: KernelProcess) -> bool:
    match call.what:
        case "kill":
            return call.key in {key, ProcessKey(key.owner)} and call.ended_s >= killed.born_at
        case "delete":
            # Who runs is not deleted (T171); with its container goes whoever is left (H13).
            may_be_ended = killed.program is None or key.exec_id is not None
            return (
                call.key == ProcessKey(key.owner)
                and may_be_ended
                and call.ended_s >= killed.born_at
            )
        case "clean up":
            return True
        case "create":
            return not call.succeeded
        case "start":
            idle = _is_of(call, *IDLE_REFUSALS)
            # A container that could not be started is killed with all in it, and may die last.
            return call.key in {key, ProcessKey(key.owner)} and not call.succeeded and not idle
        case _:
            return False


def s11_exited_means_dead(outcome: Outcome) -> Iterator[str]:
    """Who is answered to have exited has no process.

    One in D state outlives any KILL; after a failed start it is given up with 255 (F102).
    """
    for call in outcome.host.calls:
        match call.answer:
            case Success(
                ProcessView(phase=Phase.EXITED, key=ProcessKey(exec_id=None) as key, exit=told)
            ):
                given_up = told is not None and told.status == UNKNOWN
                for process in outcome.processes(key):
                    lived_on = process.lives or process.ended_at > call.ended_s
                    excused = process.dying and given_up
                    if process.born_at <= call.begun_s and lived_on and not excused:
                        yield f"{key} was answered to have exited, and pid {process.pid} lived"
            case _:
                pass


def s12_start_means_started(outcome: Outcome) -> Iterator[str]:
    """A Start that succeeded let the very program run whose pid it answers."""
    for call in outcome.host.calls:
        match call.answer:
            case Success(int() as pid) if call.what == "start":
                process = outcome.process(call.key, Pid(pid), call.ended_s)
                if process is None or process.program is None:
                    yield f"the start of {call.key} answered pid {pid}, which ran nothing"
            case _:
                pass


def s13_a_failed_create_is_no_news(outcome: Outcome) -> Iterator[str]:
    """Unless the disk kept the news of its success, and took neither the word back nor itself."""
    for life in outcome.lives:
        if any(each.created or each.unanswered for each in life.rounds):
            continue
        if outcome.disk_refused(life.owner) >= RECORDS_OF_A_FAILED_CREATE:
            continue
        for chapter in outcome.chapters(life.owner):
            yield f"{life.owner} was never created, and {chapter[0]} was told"


def s14_delete_can_be_repeated(outcome: Outcome) -> Iterator[str]:
    """After a Delete another one finds nothing, and says just that.

    But for the next shim, which finds what no disk took away, and cannot end it yet (F116).
    """
    for life in outcome.lives:
        unfinished = outcome.may_be_behind(life.owner)
        done: dict[tuple[ProcessKey, float], Call] = {}
        for call in outcome.calls(life, "delete"):
            at = (call.key, round_of(life, call).begun_s)
            first = done.get(at)
            if first is not None and first.ended_s < call.begun_s and call.answer is not None:
                gone = _is_of(call, UnknownContainer, UnknownExec)
                stays = unfinished and _is_of(call, RecordFailed)
                if not (gone or stays) and call.answer != first.answer:
                    yield f"{call.key} was deleted, and then: {call.answer}"
            if call.succeeded:
                done.setdefault(at, call)


def s14_a_delete_unmounts(outcome: Outcome) -> Iterator[str]:
    """Before it is answered, and not only whoever cleans up afterwards."""
    for life in outcome.lives:
        for call in outcome.calls(life, "delete"):
            if call.key == life.init and call.succeeded and _stayed_mounted(outcome, life, call):
                yield f"{life.owner} was deleted, and its root file system stayed mounted"


def s13_a_failed_create_unmounts(outcome: Outcome) -> Iterator[str]:
    """As a Delete does: of what it has mounted itself, where the kernel lets it."""
    if UNMOUNT_FAILS in outcome.fired:
        return
    for life in outcome.lives:
        for call in outcome.calls(life, "create"):
            match call.answer:
                case Failure(ContainerExists()):
                    pass  # what is mounted is the other one's
                case Failure() if _stayed_mounted(outcome, life, call, call.begun_s):
                    yield f"no {life.owner} was created, and its root file system stayed mounted"
                case _:
                    pass


def _stayed_mounted(outcome: Outcome, life: Life, call: Call, since_s: float = 0) -> bool:
    """A next container of this id may be mounted in the very instant of the answer."""
    rootfs = bundle_files.rootfs(life.bundle)
    before = [
        is_mounted
        for path, is_mounted, at_s in outcome.machine.disk.mounts
        if path == rootfs
        and (since_s <= at_s < call.ended_s or (at_s == call.ended_s and not is_mounted))
    ]
    return bool(before) and before[-1]


def s16_containment(outcome: Outcome) -> Iterator[str]:
    """Every process of a container is in the cgroup of its init's unit."""
    for life in outcome.lives:
        inside = f"/{unit_name(life.init)}/"
        for key in _keys(outcome, life):
            for process in outcome.processes(key):
                if inside not in process.cgroup:
                    yield f"{key} (pid {process.pid}) is in {process.cgroup}"


def s17_references(outcome: Outcome) -> Iterator[str]:
    """Only the shim that serves now holds references."""
    serving = outcome.host.shim.name
    for unit in outcome.machine.systemd.units.values():
        if unit is not outcome.bystander and set(unit.refs) - {serving}:
            yield f"{unit.name} is held by {sorted(unit.refs)}"


def s18_no_foreign_unit(outcome: Outcome) -> Iterator[str]:
    """A unit of somebody else's runs on as if there were no shim."""
    other = outcome.bystander
    if other.activity is not Activity.ACTIVE or other.main is None or not other.main.lives:
        yield f"{other.name} was touched"


def s19_create_means_created(outcome: Outcome) -> Iterator[str]:
    """A Create that succeeded answers the pid of a process of its own (D55)."""
    for life in outcome.lives:
        for call in outcome.calls(life, "create"):
            match call.answer:
                case Success(pid):
                    restored = bool(round_of(life, call).checkpoint)
                    known = outcome.process(call.key, pid, call.ended_s) is not None
                    if not known and not (restored and pid == NO_PID):
                        yield f"the create of {call.key} answered pid {pid}"
                case _:
                    pass


def s30_a_recorded_exec_has_its_spec(outcome: Outcome) -> Iterator[str]:
    """Else the next shim knows one that runc cannot start: it reads an empty file, or none."""
    for key in outcome.machine.disk.named_too_early:
        yield f"a record named {key} before its spec was on disk"


def s31_one_start(outcome: Outcome) -> Iterator[str]:
    """No program of one container or exec is run twice."""
    for life in outcome.lives:
        for key in _keys(outcome, life):
            ran = [each for each in outcome.processes(key) if each.program is not None]
            rounds = [begun_s_of(life, each.born_at) for each in ran]
            for begun_s in dict.fromkeys(rounds):
                if rounds.count(begun_s) > 1:
                    yield f"{key} ran {rounds.count(begun_s)} times"


def s35_phases(outcome: Outcome) -> Iterator[str]:
    """Of one shim nobody hears that a process went back; of several starts one wins."""
    for life in outcome.lives:
        seen: dict[tuple[str, ProcessKey, float], int] = {}
        wins: dict[tuple[ProcessKey, float], int] = {}
        for call in sorted(outcome.calls(life), key=lambda call: call.ended_s):
            begun_s = round_of(life, call).begun_s
            match call.answer:
                case Success(ProcessView(phase=phase, key=key)):
                    known = (call.incarnation, key, begun_s)
                    if RANK[phase] < seen.get(known, 0):
                        yield f"{key} was seen to go back to {phase.value}"
                    if phase is not Phase.STARTING:  # recovery may take back a former shim's
                        seen[known] = RANK[phase]
                case Success() if call.what == "start":
                    wins[call.key, begun_s] = wins.get((call.key, begun_s), 0) + 1
                case _:
                    pass
        for (key, _), count in wins.items():
            if count > 1:
                yield f"{count} starts of {key} succeeded"


def _is_of(call: Call, *refusals: type) -> bool:
    return isinstance(call.answer, Failure) and isinstance(call.answer.failure(), refusals)


def _keys(outcome: Outcome, life: Life) -> list[ProcessKey]:
    """The init and everything that was ever asked for in the container."""
    return list(dict.fromkeys([life.init, *(call.key for call in outcome.calls(life))]))
