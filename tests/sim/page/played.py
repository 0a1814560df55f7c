"""Reports that the page's tests look at."""

from dataclasses import replace
from functools import cache

from sim.outcome import Violation
from sim.run import Report, run
from sim.world.story import DetailedStory

# Named so that it has to be escaped wherever it is shown.
INJECTED = "</script><b onclick='x'>&\"default/c0"


@cache
def played() -> Report:
    """A seed with faults and a death of the shim, told in detail, and said to have gone wrong."""
    for seed in range(200):
        if run(seed).crashes and len(run(seed).fired) > 2:
            report = run(seed, story=DetailedStory())
            violations = (
                Violation("S9", "default/c0 was killed, and nobody had asked for it"),
                Violation("L6", INJECTED),
            )
            return replace(report, violations=violations)
    raise AssertionError("no such seed")
