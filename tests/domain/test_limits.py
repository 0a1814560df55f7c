"""Limits that lean on each other."""

from domain import limits


def test_systemd_gives_up_a_start_before_we_stop_listening_for_its_answer() -> None:
    assert limits.START_ANSWER > limits.START_JOB_S


def test_a_stop_may_take_what_an_administrator_s_takes() -> None:
    assert limits.RELEASE > limits.STOP_S


def test_looking_again_and_again_goes_on_as_long_as_what_is_looked_for_may_take() -> None:
    assert limits.START_LOOK * limits.START_LOOKS >= limits.START_JOB_S
    assert limits.DEATH_LOOK * limits.DEATH_LOOKS >= limits.DEATH


def test_everything_that_runc_does_itself_in_a_forced_delete_fits_into_its_limit() -> None:
    assert limits.RUNC > 10
