"""A container as its record has it, before systemd or runc is asked."""

from domain.exit_status import Exit
from domain.identity import ProcessKey
from domain.lifecycle import Heard, Phase
from domain.outbox import Outbox
from domain.record import ContainerRecord, ProcessRecord
from domain.shim import Shim
from domain.task import Container, Process
from domain.unit_name import unit_name


def recalled(shim: Shim, record: ContainerRecord) -> Container:
    key = ProcessKey(record.owner)
    container = Container(
        owner=record.owner,
        life=record.life,
        bundle=record.bundle,
        rootfs=record.rootfs,
        checkpoint=record.checkpoint,
        options=record.options,
        debug=record.debug,
        publish_to=record.publish_to,
        slice=record.slice,
        cgroup=record.cgroup,
        private_pid_namespace=record.private_pid_namespace,
        init=_process(shim, key, record.init),
        outbox=Outbox(key, execs_first=record.private_pid_namespace),
        former=shim.farewells.get(record.owner),
        departed=[
            _process(shim, ProcessKey(record.owner, each.exec_id), each) for each in record.departed
        ],
        created=record.created,
        deleted=record.deleted,
        is_of_former=True,
        is_recalled=True,
    )
    for each in record.execs:
        if each.exec_id is not None:
            container.execs[each.exec_id] = _process(
                shim, ProcessKey(record.owner, each.exec_id), each
            )
    if record.deleting and not record.deleted:
        container.was_let_go = True
        container.deletion = shim.ports.concurrency.latch()
    return container


def _process(shim: Shim, key: ProcessKey, record: ProcessRecord) -> Process:
    process = Process(
        key=key,
        unit=unit_name(key),
        stdio=record.stdio,
        ended=shim.ports.concurrency.latch(),
        phase=record.phase,
        unit_asked=record.invocation is not None or record.phase is not Phase.CREATED,
        invocation=record.invocation,
        pid=record.pid,
        program=record.program,
        exit=record.exit,
        started=record.started,
        never_ran=record.never_ran,
        told=set(record.told),
    )
    if process.exit is not None:
        has_ended(process, process.exit)
    return process


def has_ended(process: Process, how: Exit) -> None:
    process.exit = how
    process.ending = True
    process.hear(Heard.EXITED)
    process.ended.open()
