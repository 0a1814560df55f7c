import pytest

from adapters.systemd.reading import put_together
from domain.exit_status import MainCode
from domain.identity import NO_PID
from domain.unit import UnitRef
from domain.unit_name import UnitName

UNIT = UnitRef(UnitName("a.service"))


def test_the_pid_of_a_main_process_that_lives_is_told() -> None:
    assert put_together(UNIT, ("active", 4711, MainCode.NONE, 0, 0)).main_pid == 4711


@pytest.mark.parametrize("code", [MainCode.EXITED, MainCode.KILLED, MainCode.DUMPED])
def test_a_pid_that_was_read_before_the_end_it_met_is_not_told(code: MainCode) -> None:
    state = put_together(UNIT, ("active", 4711, code, 3, 1_000_000))
    assert state.main_pid == NO_PID
    assert state.exit is not None
