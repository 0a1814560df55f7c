"""What a client sees of a refusal: the number that it acts on, and the words that it looks for."""

from typing import get_args

import pytest

from adapters.task_service.refusals import (
    CODE,
    CODE_OF_OPERATION,
    RUNC_TEXT,
    WRONG_PHASE_TEXT,
    status_of,
)
from adapters.ttrpc import Code
from domain.lifecycle import Phase
from domain.refusal import (
    AlreadyFinished,
    ContainerExists,
    ContainerNotStarted,
    Evidence,
    ExecExists,
    InitNotRunning,
    InvalidArgument,
    NamespaceRequired,
    NotCreatedYet,
    Operation,
    Refusal,
    RuncFailed,
    SystemdAway,
    UnknownContainer,
    UnknownExec,
    Unsupported,
    WrongPhase,
)


def test_every_refusal_has_exactly_one_code() -> None:
    without_own_table = {refusal for refusal in get_args(Refusal) if refusal is not WrongPhase}
    assert set(CODE) == without_own_table
    assert set(CODE_OF_OPERATION) == set(Operation)


# Codes and texts of task-api.md, section 4; a client compares the codes and looks for the texts.
SEEN = (
    (UnknownContainer("c"), 5, "container not created: not found"),
    (UnknownExec("e"), 5, "process does not exist e: not found"),
    (ContainerExists("c"), 6, "container c: already exists"),
    (ExecExists("e"), 6, "id e: already exists"),
    (AlreadyFinished(), 5, "process already finished: not found"),
    (NotCreatedYet(), 9, "process not created: failed precondition"),
    (InitNotRunning("c"), 9, "container c init process is not running: failed precondition"),
    (ContainerNotStarted(), 9, "container is not started: failed precondition"),
    (NamespaceRequired(), 9, "namespace is required: failed precondition"),
    (InvalidArgument("why"), 3, "why: invalid argument"),
    (Unsupported("Stats"), 12, "Stats: not implemented"),
    (SystemdAway("gone"), 14, "systemd: gone: unavailable"),
    (RuncFailed("start", "no"), 2, "failed runc start: no"),
    (RuncFailed("create", "no"), 2, "OCI runtime create failed: no"),
    (RuncFailed("ps", "no"), 2, "OCI runtime ps failed: no"),
    (WrongPhase(Operation.PAUSE, Phase.CREATED), 2, "cannot pause task in created state"),
    (WrongPhase(Operation.PAUSE, Phase.PAUSED), 2, "cannot pause a paused container"),
    (WrongPhase(Operation.PAUSE, Phase.EXITED), 2, "cannot pause a stopped container"),
    (WrongPhase(Operation.RESUME, Phase.CREATED), 2, "cannot resume task in created state"),
    (WrongPhase(Operation.RESUME, Phase.RUNNING), 2, "cannot resume a running process"),
    (WrongPhase(Operation.RESUME, Phase.EXITED), 2, "cannot resume a stopped container"),
    (WrongPhase(Operation.EXEC, Phase.PAUSED), 2, "cannot exec in a paused state"),
    (WrongPhase(Operation.EXEC, Phase.EXITED), 2, "cannot exec in a stopped state"),
    (WrongPhase(Operation.DELETE, Phase.RUNNING), 2, "cannot delete a running process"),
    (WrongPhase(Operation.DELETE, Phase.PAUSED), 2, "cannot delete a paused process"),
    (WrongPhase(Operation.RESIZE, Phase.EXITED), 2, "cannot resize a stopped container"),
)


@pytest.mark.parametrize(("refusal", "code", "text"), SEEN)
def test_clients_see_runc_v2s_codes_and_texts(refusal: Refusal, code: int, text: str) -> None:
    status = status_of(refusal)
    assert (status.code, status.message) == (code, text)


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.RUNNING, Phase.PAUSED, Phase.EXITED])
def test_a_start_out_of_place_is_a_failed_precondition_that_says_the_state(phase: Phase) -> None:
    status = status_of(WrongPhase(Operation.START, phase, "pid: 7"))
    shown = "stopped" if phase is Phase.EXITED else phase.value
    assert status.code == Code.FAILED_PRECONDITION
    assert f"cannot start a {shown} process" in status.message
    assert "pid: 7" in status.message
    assert ("process has already exited" in status.message) is (phase is Phase.EXITED)


def test_an_exec_that_never_ran_carries_runcs_own_words() -> None:
    said = 'exec: "nope": executable file not found in $PATH'
    status = status_of(RuncFailed("exec", said))
    assert status.message.startswith("error starting exec process")
    assert said in status.message


def test_evidence_follows_the_error_each_piece_under_its_heading() -> None:
    shown = (Evidence("unit", "Type=forking"), Evidence("runc debug", "last words"))
    message = status_of(RuncFailed("start", "no", shown)).message
    assert message.split("\n") == [
        "failed runc start: no",
        "unit:",
        "Type=forking",
        "runc debug:",
        "last words",
    ]


def test_texts_are_only_kept_for_what_can_be_asked() -> None:
    """A row that no refusal reaches would be a rule that nobody can see fail."""
    assert all(operation is not Operation.START for operation, _ in WRONG_PHASE_TEXT)
    assert {"create", "start", "exec", "pause", "resume", "delete"} == set(RUNC_TEXT)
