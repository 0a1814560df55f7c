"""Which units we hold a reference to and hear of, on whichever connection is up.

One match rule for each unit keeps other people's units from costing anything. dbus-daemon
allows 512 rules to a connection (max_match_rules_per_connection), so units beyond
RULES_MAX share one rule that lets everybody's services in; that many containers are most of
what a node has.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from adapters.systemd import calls
from adapters.systemd.bus import Bus, Call
from domain.unit import InvocationId, UnitRef, UnitState
from domain.unit_name import UNIT_PATH, UnitName, object_path

RULES_MAX: Final = 400
_CHANGES: Final = (
    f"type='signal',sender='{calls.NAME}',interface='{calls.PROPERTIES}',"
    # The Service interface carries the main process; Unit's twin of each signal is left out.
    f"member='PropertiesChanged',arg0='{calls.SERVICE}'"
)
EVERYBODY: Final = f"{_CHANGES},path_namespace='{UNIT_PATH.removesuffix('/')}'"


@dataclass(slots=True)
class Tracked:
    """What is kept of a unit: some hundred bytes."""

    invocation: InvocationId | None
    hears: bool = False  # there is a rule for its changes, its own or everybody's
    has_rule: bool = False
    has_ended: bool = False  # a reading showed its main process's end


class Tracking:
    def __init__(self) -> None:
        self._units: dict[UnitName, Tracked] = {}
        self._rules = 0
        self._sharing = 0

    def __contains__(self, unit: UnitName) -> bool:
        return unit in self._units

    def __iter__(self) -> Iterator[UnitName]:
        return iter(self._units)

    def find(self, unit: UnitName) -> Tracked | None:
        return self._units.get(unit)

    def is_of(self, unit: UnitRef) -> bool:
        """Whether what is tracked under its name is this incarnation, as far as we know."""
        tracked = self._units.get(unit.name)
        return tracked is not None and (
            unit.invocation is None or tracked.invocation in {None, unit.invocation}
        )

    def known(self, unit: UnitRef) -> UnitRef:
        """With its incarnation, where a name alone is given and a start or a reading showed it."""
        tracked = self._units.get(unit.name)
        if unit.invocation is not None or tracked is None:
            return unit
        return UnitRef(unit.name, tracked.invocation)

    def started(self, unit: UnitName, invocation: InvocationId | None) -> None:
        """A new incarnation has begun; None where that was not to be seen."""
        if (tracked := self._units.get(unit)) is not None:
            tracked.invocation = invocation
            tracked.has_ended = False

    def note(self, state: UnitState) -> None:
        """What a reading showed."""
        if self.is_of(state.ref):
            tracked = self._units[state.ref.name]
            tracked.invocation = state.ref.invocation
            tracked.has_ended = state.exit is not None

    def begin(self, unit: UnitName, invocation: InvocationId | None) -> Tracked:
        """From now on a reference is held, or about to be."""
        return self._units.setdefault(unit, Tracked(invocation))

    def end(self, unit: UnitName, bus: Bus | None) -> None:
        """Forgets the unit; `bus` may be away, and its rules with it."""
        self.deafen(unit, bus)
        self._units.pop(unit, None)

    def listen(self, unit: UnitName, bus: Bus) -> None:
        """Its changes come as signals, from the next call on this connection on."""
        tracked = self._units.get(unit)
        if tracked is None or tracked.hears:
            return
        tracked.hears = True
        tracked.has_rule = self._rules < RULES_MAX
        if tracked.has_rule:
            self._rules += 1
            bus.post(calls.daemon_call("AddMatch", rule_for(unit)))
        else:
            self._sharing += 1
            if self._sharing == 1:
                bus.post(calls.daemon_call("AddMatch", EVERYBODY))

    def deafen(self, unit: UnitName, bus: Bus | None) -> None:
        """Its signals are of no interest any more."""
        tracked = self._units.get(unit)
        if tracked is None or not tracked.hears:
            return
        tracked.hears = False
        if tracked.has_rule:
            self._rules -= 1
            gone = rule_for(unit)
        else:
            self._sharing -= 1
            gone = "" if self._sharing else EVERYBODY
        if bus is not None and gone:
            bus.post(calls.daemon_call("RemoveMatch", gone))

    def restore(self, bus: Bus) -> list[Call]:
        """On a new connection: the rules at once, and the calls that take the references."""
        self._rules = self._sharing = 0
        for unit, tracked in self._units.items():
            tracked.hears = False
            self.listen(unit, bus)
        return [_reference(unit, tracked) for unit, tracked in self._units.items()]


def rule_for(unit: UnitName) -> str:
    return f"{_CHANGES},path='{object_path(unit)}'"


def _reference(unit: UnitName, tracked: Tracked) -> Call:
    if tracked.invocation is None:
        return calls.manager_call("RefUnit", "s", unit)
    return calls.unit_call(calls.incarnation_path(tracked.invocation), "Ref")
