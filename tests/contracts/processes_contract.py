"""What every Processes port does, be it the fake or the kernel.

A test class gives `drive`, `processes`, `cgroup` (where its processes are put), and says how a
process comes to be and how it ends. The reaping of a process is apart from its end: between them
it is a zombie, and only after both is its pid free.
"""

import pytest
from returns.result import Failure, Success

from domain.identity import Pid
from domain.ports.processes import Processes, Program
from domain.refusal import ProcessGone
from tests.contracts.drive import Drive

SIGTERM = 15


class ProcessesContract:
    @pytest.fixture
    def drive(self) -> Drive:
        raise NotImplementedError

    @pytest.fixture
    def processes(self) -> Processes:
        raise NotImplementedError

    @pytest.fixture
    def cgroup(self) -> str:
        raise NotImplementedError

    def begin(self) -> Pid:
        """Starts a program in the cgroup that waits for its end by a signal."""
        raise NotImplementedError

    def end(self, pid: Pid) -> None:
        """Ends it from outside; it is a zombie then."""
        raise NotImplementedError

    def reap(self, pid: Pid) -> int:
        """Waits for its end and takes its status; answers the signal that ended it."""
        raise NotImplementedError

    def test_a_running_program_is_known_by_its_pid_and_start(
        self, drive: Drive, processes: Processes, cgroup: str
    ) -> None:
        pid = self.begin()
        found = drive(processes.identify(pid, cgroup)).unwrap()
        assert found.pid == pid
        assert found.started_ticks > 0
        assert drive(processes.identify(pid, cgroup)) == Success(found)

    def test_a_program_is_in_the_cgroups_above_its_own_too(
        self, drive: Drive, processes: Processes, cgroup: str
    ) -> None:
        pid = self.begin()
        above = cgroup.rpartition("/")[0]
        assert drive(processes.identify(pid, above)) == drive(processes.identify(pid, cgroup))

    @pytest.mark.parametrize("elsewhere", ["/container-of-somebody-else", "{cgroup}-2"])
    def test_a_program_in_another_cgroup_is_nobody(
        self, drive: Drive, processes: Processes, cgroup: str, elsewhere: str
    ) -> None:
        pid = self.begin()
        other = elsewhere.format(cgroup=cgroup)
        assert drive(processes.identify(pid, other)) == Failure(ProcessGone())

    def test_a_signal_reaches_the_program_that_was_identified(
        self, drive: Drive, processes: Processes, cgroup: str
    ) -> None:
        pid = self.begin()
        program = drive(processes.identify(pid, cgroup)).unwrap()
        assert drive(processes.signal(program, SIGTERM)) == Success(None)
        assert self.reap(pid) == SIGTERM

    def test_a_later_program_with_the_same_pid_is_never_signalled(
        self, drive: Drive, processes: Processes, cgroup: str
    ) -> None:
        pid = self.begin()
        later = drive(processes.identify(pid, cgroup)).unwrap()
        former = Program(pid, later.started_ticks - 1)
        assert drive(processes.signal(former, SIGTERM)) == Failure(ProcessGone())
        assert drive(processes.identify(pid, cgroup)) == Success(later)

    def test_a_zombie_is_gone(self, drive: Drive, processes: Processes, cgroup: str) -> None:
        pid = self.begin()
        program = drive(processes.identify(pid, cgroup)).unwrap()
        self.end(pid)
        assert drive(processes.signal(program, SIGTERM)) == Failure(ProcessGone())
        assert drive(processes.identify(pid, cgroup)) == Failure(ProcessGone())

    def test_a_program_that_was_reaped_is_gone(
        self, drive: Drive, processes: Processes, cgroup: str
    ) -> None:
        pid = self.begin()
        program = drive(processes.identify(pid, cgroup)).unwrap()
        self.end(pid)
        self.reap(pid)
        assert drive(processes.signal(program, SIGTERM)) == Failure(ProcessGone())
        assert drive(processes.identify(pid, cgroup)) == Failure(ProcessGone())

    @pytest.mark.parametrize("pid", [0, -1])
    def test_a_number_that_is_no_pid_is_nobody(
        self, drive: Drive, processes: Processes, cgroup: str, pid: int
    ) -> None:
        """To kill(2) these would be everybody."""
        assert drive(processes.identify(Pid(pid), cgroup)) == Failure(ProcessGone())
        assert drive(processes.signal(Program(Pid(pid), 1), SIGTERM)) == Failure(ProcessGone())
