"""What every Records port does, be it the fake or a disk.

A test class gives `drive` and `records`, an empty port. `reopened` is the same store as the next
incarnation of the daemon finds it.
"""

from dataclasses import replace

import pytest
from returns.result import Success

from domain.exit_status import Exit, ExitStatus, Timestamp
from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, Pid
from domain.lifecycle import Phase
from domain.ports.processes import Program
from domain.ports.records import Records
from domain.record import ContainerRecord, ProcessRecord, Told
from domain.request import Mount, RuntimeOptions, Stdio
from domain.unit import InvocationId
from tests.contracts.drive import Drive

EXEC = ProcessRecord(
    exec_id=ExecId("e-1"),
    phase=Phase.EXITED,
    stdio=Stdio(stdout="/run/out", terminal=True),
    invocation=InvocationId("0123456789abcdef0123456789abcdef"),
    pid=Pid(77),
    program=Program(Pid(77), 12_345_678_901),
    exit=Exit(ExitStatus(137), Timestamp(1_795_527_840_123_456_789)),
    started=True,
    told=frozenset({Told.CREATED, Told.STARTED}),
)
WEB = ContainerRecord(
    owner=ContainerKey(Namespace("k8s.io"), ContainerId("web")),
    life=1_795_527_840_000_000_001,
    bundle="/run/containerd/io.containerd.runtime.v2.task/k8s.io/web",
    rootfs=(
        Mount("overlay", "overlay", "", ("lowerdir=/a:/b", "ro")),
        Mount("bind", "/x", "y", ()),
    ),
    checkpoint="",
    options=RuntimeOptions(binary="crun", no_pivot_root=True),
    debug=True,
    publish_to="/run/containerd/containerd.sock.ttrpc",
    slice="system.slice",
    cgroup="/system.slice/web.service",
    private_pid_namespace=True,
    init=ProcessRecord(None, Phase.CREATED, Stdio("/in", "/out ü\n\U0001f600", "/err")),
    execs=(EXEC,),
    departed=(replace(EXEC, exec_id=ExecId("e-2"), never_ran=True),),
    created=True,
)


class RecordsContract:
    @pytest.fixture
    def drive(self) -> Drive:
        raise NotImplementedError

    @pytest.fixture
    def records(self) -> Records:
        raise NotImplementedError

    def reopened(self, records: Records) -> Records:
        raise NotImplementedError

    def test_at_first_there_is_no_record(self, drive: Drive, records: Records) -> None:
        assert drive(records.all()) == ()

    def test_a_record_is_read_as_it_was_saved(self, drive: Drive, records: Records) -> None:
        assert drive(records.save(WEB)) == Success(None)
        assert drive(self.reopened(records).all()) == (WEB,)

    def test_a_later_save_replaces_the_record(self, drive: Drive, records: Records) -> None:
        later = replace(WEB, deleting=True, execs=())
        drive(records.save(WEB))
        drive(records.save(later))
        assert drive(self.reopened(records).all()) == (later,)

    def test_a_removed_record_is_gone(self, drive: Drive, records: Records) -> None:
        drive(records.save(WEB))
        assert drive(records.remove(WEB.owner, WEB.life)) == Success(None)
        assert drive(self.reopened(records).all()) == ()

    def test_to_remove_what_is_not_there_is_a_success(self, drive: Drive, records: Records) -> None:
        assert drive(records.remove(WEB.owner, WEB.life)) == Success(None)
        drive(records.save(WEB))
        drive(records.remove(WEB.owner, WEB.life))
        assert drive(records.remove(WEB.owner, WEB.life)) == Success(None)

    def test_a_removed_container_can_be_saved_again(self, drive: Drive, records: Records) -> None:
        drive(records.save(WEB))
        drive(records.remove(WEB.owner, WEB.life))
        drive(records.save(WEB))
        assert drive(self.reopened(records).all()) == (WEB,)

    @pytest.mark.parametrize(
        "other",
        [
            replace(WEB, life=2),
            replace(WEB, owner=ContainerKey(Namespace("default"), ContainerId("web"))),
            replace(WEB, owner=ContainerKey(Namespace("k8s.io"), ContainerId("web.1"))),
            replace(WEB, owner=ContainerKey(Namespace("k8s.io"), ContainerId("WEB"))),
        ],
        ids=["another life", "another namespace", "another id", "another case"],
    )
    def test_another_containers_record_is_another_record(
        self, drive: Drive, records: Records, other: ContainerRecord
    ) -> None:
        drive(records.save(WEB))
        drive(records.save(other))
        assert set(drive(self.reopened(records).all())) == {WEB, other}
        drive(records.remove(WEB.owner, WEB.life))
        assert drive(self.reopened(records).all()) == (other,)

    def test_an_id_of_full_length_has_a_record(self, drive: Drive, records: Records) -> None:
        long = ContainerKey(Namespace("n" * 76), ContainerId("c" * 76))
        drive(records.save(replace(WEB, owner=long)))
        assert drive(self.reopened(records).all()) == (replace(WEB, owner=long),)
