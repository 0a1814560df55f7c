"""What there is to be checked, in words."""

import inspect
from collections.abc import Iterator
from typing import NamedTuple

from sim.invariants import AT_ANY_TIME, INVARIANTS, Invariant

AT_ANY_MOMENT = "at any moment"
AT_THE_END = "at the end"


class Described(NamedTuple):
    """One invariant. `where`: the file and line of its function; `when`: it has to hold."""

    invariant: str
    says: str
    where: str
    when: str


def described() -> Iterator[Described]:
    """All of them, in their order."""
    early = {holds for _, holds in AT_ANY_TIME}
    for invariant, holds in INVARIANTS:
        when = AT_ANY_MOMENT if holds in early else AT_THE_END
        yield Described(invariant, sentence(holds), _where(holds), when)


def sentence(holds: Invariant) -> str:
    """Its name as words, and what the first sentence of its docstring adds."""
    words = _words(holds.__name__)
    text = inspect.getdoc(holds) or ""
    first = " ".join(text.split("\n\n")[0].split()).split(". ")[0].rstrip(".")
    return f"{words}. {first}" if first else words


def _words(name: str) -> str:
    """`s5_exit_truth`: exit truth."""
    first, *others = name.split("_")
    return " ".join(others) if others and first[1:].isdigit() else name


def _where(holds: Invariant) -> str:
    _, line = inspect.getsourcelines(holds)
    return f"{holds.__module__.replace('.', '/')}.py:{line}"
