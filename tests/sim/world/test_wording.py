"""Values as they are read in a story."""

from returns.result import Failure, Success

from domain.event import TaskExited
from domain.exit_status import Exit, ExitStatus, Timestamp
from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, Pid, ProcessKey
from domain.lifecycle import Phase
from domain.refusal import SystemdAway
from domain.request import Stdio
from sim.world.wording import worded

WEB = ContainerKey(Namespace("default"), ContainerId("web"))


def test_a_process_is_its_path() -> None:
    assert worded(ProcessKey(WEB, ExecId("probe"))) == "default/web/probe"


def test_an_event_begins_with_whose_it_is() -> None:
    event = TaskExited(ProcessKey(WEB), Pid(103), Exit(ExitStatus(137), Timestamp(5)))
    assert worded(event) == "TaskExited(default/web, pid=103, exit=Exit(137, at=5))"


def test_what_is_empty_goes_without_saying() -> None:
    assert worded(Stdio("", "/fifo/out")) == "Stdio(stdout=/fifo/out)"


def test_an_answer_says_whether_it_was_refused() -> None:
    assert worded(Success(None)) == "done"
    assert worded(Success((Pid(1), Pid(2)))) == "[1, 2]"
    assert worded(Failure(SystemdAway("gone"))) == "refused: SystemdAway(gone)"
    assert worded(Phase.EXITED) == "exited"


def test_values_without_fields_are_said_plainly() -> None:
    assert worded(None) == "nothing"
    assert worded(10.0) == "10"
    assert worded(b"{}") == "{}"
    assert worded({"Type": "notify"}) == "{Type: notify}"
