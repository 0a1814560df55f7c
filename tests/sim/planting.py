"""Putting a bug into the rules for one test: another function in the place of an honest one."""

import sys
from collections.abc import Callable
from typing import Any, Final

import pytest

from sim.run import run
from sim.summary import replay

# Modules take rules from each other by name, so each of them has to get the other one.
PACKAGES: Final = ("domain.", "sim.")


class Garden:
    """What is planted here is gone after the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def plant(self, rule: Callable[..., Any], instead: Callable[..., Any]) -> None:
        """Wherever `rule` was, `instead` is."""
        for name, module in list(sys.modules.items()):
            if name.startswith(PACKAGES):
                for alias, value in list(vars(module).items()):
                    if value is rule:
                        self._monkeypatch.setattr(module, alias, instead)

    def plant_at(self, owner: object, name: str, instead: object) -> None:
        """In this one place: a constant, a method of a port, a table."""
        self._monkeypatch.setattr(owner, name, instead)


def found(invariant: str, within: int, saying: str = "") -> str:
    """The command that replays the first seed that breaks the invariant; "" if none does.

    Of several invariants of one number `saying` is what the one that is meant says.
    """
    for seed in range(within):
        for violation in run(seed).violations:
            if violation.invariant == invariant and saying in violation.what:
                return replay(seed)
    return ""
