"""A bug as a value: what to put where, so that an old mistake is made again."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, TypeAlias

# Whose modules take rules from each other by name.
RULES: Final = ("domain.", "sim.")
# The bugs themselves keep the honest rules that they stand in for.
NOT_RULES: Final = "sim.bugs."
_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class InPlaceOf:
    """`instead` wherever a module knows the rule, by whatever name."""

    rule: Callable[..., Any]
    instead: Callable[..., Any]

    def places(self) -> Iterator[tuple[object, str, object]]:
        for module in _modules():
            for name, value in tuple(vars(module).items()):
                if value is self.rule:
                    yield module, name, self.instead


@dataclass(frozen=True, slots=True)
class At:
    """`instead` in one place alone: a name of a module, a constant, a port's or type's method."""

    owner: object
    name: str
    instead: object

    def places(self) -> Iterator[tuple[object, str, object]]:
        yield self.owner, self.name, self.instead


Swap: TypeAlias = InPlaceOf | At


@dataclass(frozen=True, slots=True)
class Bug:
    """`wrong`: what it does, in a sentence. `source`: of docs/faults.md or the seed's defects."""

    name: str
    wrong: str
    source: str
    swaps: tuple[Swap, ...]


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """The bug is in the rules until the end of the block; then everything is as it was."""
    honest: list[tuple[Any, str, object]] = []
    try:
        for swap in bug.swaps:
            for owner, name, instead in swap.places():
                # Not getattr: of a class it would take a property or a method apart.
                own = vars(owner).get(name, _MISSING)
                if own is _MISSING:
                    raise LookupError(f"{bug.name}: {owner} has no {name} of its own")
                honest.append((owner, name, own))
                setattr(owner, name, instead)
        if len(honest) < len(bug.swaps):
            raise LookupError(f"{bug.name}: a rule that it replaces is used nowhere")
        yield
    finally:
        for owner, name, own in reversed(honest):
            setattr(owner, name, own)


def honest(owner: object, name: str) -> Any:
    """The rule, table or method of that name as it is, for a bug that wraps it."""
    return vars(owner)[name]


def no_step(*_: object) -> None:
    """A step that was left out."""


async def nothing(*_: object, **__: object) -> None:
    """The same, of one that takes its time."""


def _modules() -> list[ModuleType]:
    return [
        module
        for name, module in tuple(sys.modules.items())
        if name.startswith(RULES) and not name.startswith(NOT_RULES)
    ]
