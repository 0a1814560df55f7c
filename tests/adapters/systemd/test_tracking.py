"""Which incarnation of a unit is known without asking for it."""

from typing import Final

from adapters.systemd.tracking import Tracking
from domain.unit import InvocationId, UnitRef
from domain.unit_name import UnitName

UNIT: Final = UnitName("io-containerd-systemd-default-web-init.service")
FIRST: Final = InvocationId("1" * 32)
SECOND: Final = InvocationId("2" * 32)


def test_of_a_unit_that_is_not_tracked_only_the_name_is_known() -> None:
    assert Tracking().known(UnitRef(UNIT)) == UnitRef(UNIT)


def test_a_start_makes_the_incarnation_known() -> None:
    tracking = Tracking()
    tracking.begin(UNIT, None)
    tracking.started(UNIT, FIRST)
    assert tracking.known(UnitRef(UNIT)) == UnitRef(UNIT, FIRST)


def test_a_start_whose_incarnation_was_not_seen_makes_the_one_before_unknown() -> None:
    tracking = Tracking()
    tracking.begin(UNIT, FIRST)
    tracking.started(UNIT, None)
    assert tracking.known(UnitRef(UNIT)) == UnitRef(UNIT)


def test_an_incarnation_that_is_asked_for_is_never_another() -> None:
    tracking = Tracking()
    tracking.begin(UNIT, FIRST)
    assert tracking.known(UnitRef(UNIT, SECOND)) == UnitRef(UNIT, SECOND)


def test_a_start_that_comes_after_the_release_tracks_nothing() -> None:
    tracking = Tracking()
    tracking.started(UNIT, FIRST)
    assert UNIT not in tracking
