"""systemd's two numbers as containerd's one (D11, S6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.exit_status import UNKNOWN, Exit, ExitStatus, MainCode, Timestamp, exit_status
from domain.identity import NO_PID, Pid
from domain.unit import Activity, UnitRef, UnitState
from domain.unit_name import UnitName

BYTES = st.integers(0, 255)
SIGNALS = st.integers(1, 64)


@given(BYTES)
def test_a_program_s_own_status_is_told_as_it_is(status: int) -> None:
    assert exit_status(MainCode.EXITED, status) == status


@given(SIGNALS)
def test_d11_a_signal_counts_from_128_whether_it_dumped_core_or_not(signal: int) -> None:
    assert exit_status(MainCode.KILLED, signal) == 128 + signal
    assert exit_status(MainCode.DUMPED, signal) == 128 + signal


@given(SIGNALS)
def test_d11_the_same_number_means_two_things_and_gets_two_statuses(number: int) -> None:
    assert exit_status(MainCode.EXITED, number) != exit_status(MainCode.KILLED, number)


@given(st.integers().filter(lambda code: code not in {1, 2, 3}), BYTES)
def test_s6_what_nobody_knows_is_255_and_never_a_success(code: int, status: int) -> None:
    assert exit_status(code, status) == UNKNOWN == 255


@given(st.sampled_from(MainCode), BYTES)
def test_s6_only_a_program_that_exited_with_0_is_told_as_0(code: MainCode, status: int) -> None:
    told = exit_status(code, status)
    assert (told == 0) == (code is MainCode.EXITED and status == 0)


def unit(activity: Activity, code: int, status: int, at_us: int = 5) -> UnitState:
    return UnitState(UnitRef(UnitName("u.service")), activity, NO_PID, code, status, at_us)


@pytest.mark.parametrize("activity", Activity)
def test_a_unit_whose_main_process_has_ended_shows_the_exit_in_every_state(
    activity: Activity,
) -> None:
    found = unit(activity, MainCode.KILLED, 15, 1_700_000_000_000_001).exit
    assert found == Exit(ExitStatus(143), Timestamp(1_700_000_000_000_001_000))


@pytest.mark.parametrize("activity", Activity)
def test_a_unit_without_an_ended_main_process_shows_none(activity: Activity) -> None:
    state = UnitState(UnitRef(UnitName("u.service")), activity, Pid(7), MainCode.NONE, 0, 0)
    assert state.exit is None


def test_only_a_dead_unit_is_over_and_only_one_with_a_job_is_starting() -> None:
    over = {each for each in Activity if unit(each, MainCode.NONE, 0).is_over}
    starting = {each for each in Activity if unit(each, MainCode.NONE, 0).is_starting}
    assert over == {Activity.INACTIVE, Activity.FAILED}
    assert starting == {Activity.STARTING}
