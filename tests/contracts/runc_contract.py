"""What every Runc port does, be it the fake or an OCI runtime.

A test class derives from `RuncContract` and gives the fixtures. `created` is a container as
`runc create` leaves it; its program sleeps. `unknown` is one that the runtime never heard of.
"""

import pytest
from returns.result import Failure, Success

from domain.limits import Seconds
from domain.ports.runc import Runc, RuncState, RuncTarget
from domain.refusal import RuncFailed
from tests.contracts.drive import Drive

LIMIT = Seconds(60)


class RuncContract:
    @pytest.fixture
    def drive(self) -> Drive:
        raise NotImplementedError

    @pytest.fixture
    def runc(self) -> Runc:
        raise NotImplementedError

    @pytest.fixture
    def created(self) -> RuncTarget:
        raise NotImplementedError

    @pytest.fixture
    def unknown(self) -> RuncTarget:
        raise NotImplementedError

    def test_a_created_container_is_created_and_has_a_pid(
        self, drive: Drive, runc: Runc, created: RuncTarget
    ) -> None:
        state = self._state(drive, runc, created)
        assert state.status == "created"
        assert state.pid > 1

    def test_a_started_container_runs_in_the_process_that_create_made(
        self, drive: Drive, runc: Runc, created: RuncTarget
    ) -> None:
        before = self._state(drive, runc, created)
        assert drive(runc.start(created, LIMIT)) == Success(None)
        assert self._state(drive, runc, created) == RuncState("running", before.pid)

    def test_a_second_start_is_refused_with_a_reason(
        self, drive: Drive, runc: Runc, created: RuncTarget
    ) -> None:
        drive(runc.start(created, LIMIT))
        match drive(runc.start(created, LIMIT)):
            case Failure(RuncFailed(command="start", reason=reason)):
                assert reason
            case other:
                pytest.fail(f"{other}")

    def test_a_paused_container_is_paused_until_it_is_resumed(
        self, drive: Drive, runc: Runc, created: RuncTarget
    ) -> None:
        drive(runc.start(created, LIMIT))
        assert drive(runc.pause(created, LIMIT)) == Success(None)
        assert self._state(drive, runc, created).status == "paused"
        assert drive(runc.resume(created, LIMIT)) == Success(None)
        assert self._state(drive, runc, created).status == "running"

    def test_the_pids_of_a_container_hold_its_init(
        self, drive: Drive, runc: Runc, created: RuncTarget
    ) -> None:
        pid = self._state(drive, runc, created).pid
        match drive(runc.pids(created, LIMIT)):
            case Success(pids):
                assert pid in pids
            case other:
                pytest.fail(f"{other}")

    def test_a_running_container_can_be_deleted_and_is_unknown_then(
        self, drive: Drive, runc: Runc, created: RuncTarget
    ) -> None:
        drive(runc.start(created, LIMIT))
        assert drive(runc.delete(created, LIMIT)) == Success(None)
        assert isinstance(drive(runc.state(created, LIMIT)), Failure)

    def test_a_container_that_was_never_started_can_be_deleted(
        self, drive: Drive, runc: Runc, created: RuncTarget
    ) -> None:
        assert drive(runc.delete(created, LIMIT)) == Success(None)
        assert isinstance(drive(runc.state(created, LIMIT)), Failure)

    def test_a_delete_can_be_repeated(self, drive: Drive, runc: Runc, created: RuncTarget) -> None:
        drive(runc.delete(created, LIMIT))
        assert drive(runc.delete(created, LIMIT)) == Success(None)

    def test_to_delete_an_unknown_container_is_a_success(
        self, drive: Drive, runc: Runc, unknown: RuncTarget
    ) -> None:
        assert drive(runc.delete(unknown, LIMIT)) == Success(None)

    @pytest.mark.parametrize("command", ["start", "state", "pause", "resume"])
    def test_an_unknown_container_is_refused_with_a_reason(
        self, command: str, drive: Drive, runc: Runc, unknown: RuncTarget
    ) -> None:
        match drive(getattr(runc, command)(unknown, LIMIT)):
            case Failure(RuncFailed(reason=reason)) as failure:
                assert failure.failure().command == command
                assert reason
            case other:
                pytest.fail(f"{other}")

    def test_the_last_error_is_the_reason_that_was_told(
        self, drive: Drive, runc: Runc, unknown: RuncTarget
    ) -> None:
        told = drive(runc.start(unknown, LIMIT))
        assert told.failure() == RuncFailed("start", drive(runc.last_error(unknown.log)) or "")

    def test_without_a_log_there_is_no_last_error(
        self, drive: Drive, runc: Runc, unknown: RuncTarget
    ) -> None:
        assert drive(runc.last_error(unknown.log)) is None

    @staticmethod
    def _state(drive: Drive, runc: Runc, target: RuncTarget) -> RuncState:
        answer = drive(runc.state(target, LIMIT))
        assert isinstance(answer, Success), answer
        state: RuncState = answer.unwrap()
        return state
