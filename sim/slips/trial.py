"""Seeds are played with a slip in the rules, until an invariant breaks."""

import gc
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from warnings import catch_warnings, simplefilter

from sim.garbage import swept_by_hand
from sim.run import run
from sim.slips.slip import every_slip

# A world takes some ten megabytes.
MEMORY: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Verdict:
    """`by`: what was violated first, with its first sentence; "": nothing was, in all `seeds`."""

    slip: str
    by: str
    seeds: int


def trial(number: int, seeds: range) -> Verdict:
    """Of that slip of `every_slip`."""
    slip = every_slip()[number]
    with slip.made(), swept_by_hand(), catch_warnings():
        # Of a coroutine that was part of a world until that was swept away: too late to be found.
        simplefilter("ignore")
        verdict = _verdict(str(slip), seeds)
        gc.collect()
    return verdict


def _verdict(slip: str, seeds: range) -> Verdict:
    for played, seed in enumerate(seeds, start=1):
        by = _broken(seed)
        if by:
            return Verdict(slip, by, played)
        gc.collect(0)
    return Verdict(slip, "", len(seeds))


def _broken(seed: int) -> str:
    try:
        with _little_memory():
            violations = run(seed).violations
    except Exception as bug:  # noqa: BLE001 (no run comes to an end with it)
        return f"raises {bug!r}"
    return f"{violations[0].invariant}: {violations[0].what}" if violations else ""


@contextmanager
def _little_memory() -> Iterator[None]:
    """A rule that fills the memory ends as one that raises, and takes no other program along."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = [each for each in (MEMORY, soft, hard) if each != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(allowed), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
