"""Limits that lean on each other, and between what each one has to lie."""

from typing import Final

import pytest

from domain import limits

# No limit may be less or more. No span reaches from a half to the double of what the limit is:
# a digit too many, or one that was lost, is noticed.
BOUNDS: Final[dict[str, tuple[float, float]]] = {
    # Twice the slowest create that was seen (40 s, F52, F88); kubelet gives up after 120 s.
    "START_JOB_S": (80, 120),
    # The way of the answer on a busy bus, but no other wait after the one that has ended.
    "START_ANSWER": (limits.START_JOB_S + 6, limits.START_JOB_S + 20),
    # kubelet's own grace period is 30 s, and an administrator's stop is no harder.
    "STOP_S": (20, 45),
    "RELEASE": (limits.STOP_S + 1, 60),
    # PID 1 was seen off the bus for 25 s (F87).
    "BUS": (26, 45),
    # runc waits 10 s itself in `delete --force`; a stuck one must not hold an answer (F102).
    "RUNC": (16, 45),
    # More than containers are deleted at a time; some 200 bytes each.
    "DELETED_WHOLE": (501, 1_999),
    # Once is chance; all of them together fit into what kubelet waits.
    "RUNC_ASKED": (2, 4),
    # runc.v2 waits 30 s for a client's FIFOs (T242); containerd's own limits are above that.
    "STDIO": (20, 45),
    "CONSOLE": (20, 45),
    # A reader that stopped for good must not keep a Delete (T176).
    "DRAIN": (6, 15),
    # More than a killed process takes that the kernel does not hold (L10).
    "DEATH": (6, 15),
    # A client waits for these ends, and each look is a call to PID 1 (F88).
    "DEATH_LOOK": (0.03, 0.09),
    "DEATH_LOOKS": (limits.DEATH / limits.DEATH_LOOK, 1.9 * limits.DEATH / limits.DEATH_LOOK),
    "START_LOOK": (0.06, 0.19),
    "START_LOOKS": (
        limits.START_JOB_S / limits.START_LOOK,
        1.9 * limits.START_JOB_S / limits.START_LOOK,
    ),
    # Nobody is answered before, and systemd takes a daemon for dead that is not ready in 90 s.
    "RECOVERY": (11, 30),
    # A network file system takes its time, and a client its own.
    "MOUNT": (40, 90),
    # The kernel needs milliseconds for execs that die with their init (F01).
    "EXECS_FIRST": (1.1, 3.9),
    # A missed exit is found within a minute or so (F56, L5), and 200 units are 200 calls.
    "RESYNC": (40, 90),
    "PID_LOOK": (0.6, 1.9),
}


def test_every_limit_has_its_bounds() -> None:
    assert {name for name in vars(limits) if name.isupper()} == BOUNDS.keys()


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_a_limit_lies_where_its_reason_wants_it_and_not_at_its_half_or_double(name: str) -> None:
    least, most = BOUNDS[name]
    value = getattr(limits, name)
    assert least <= value <= most
    assert value / 2 < least
    assert value * 2 > most


def test_systemd_gives_up_a_start_before_we_stop_listening_for_its_answer() -> None:
    assert limits.START_ANSWER > limits.START_JOB_S


def test_a_stop_may_take_what_an_administrator_s_takes() -> None:
    assert limits.RELEASE > limits.STOP_S


def test_looking_again_and_again_goes_on_as_long_as_what_is_looked_for_may_take() -> None:
    assert limits.START_LOOK * limits.START_LOOKS >= limits.START_JOB_S
    assert limits.DEATH_LOOK * limits.DEATH_LOOKS >= limits.DEATH


def test_everything_that_runc_does_itself_in_a_forced_delete_fits_into_its_limit() -> None:
    assert limits.RUNC > 10
